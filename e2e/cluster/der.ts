/** The few forms of DER, the binary notation of certificates, that a certificate needs. */

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;
const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;
/** Lengths up to here are one byte; longer ones say first how many bytes they take. */
const SHORT_LENGTH = 0x7f;
const BASE_128 = 0x80;
const FIRST_LONG_YEAR = 2050;

export function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(TAG.sequence, Buffer.concat(parts));
}

export function set(...parts: readonly Buffer[]): Buffer {
  return tagged(TAG.set, Buffer.concat(parts));
}

/** A number that is not negative, given as its big-endian bytes. */
export function integer(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const trimmed = first === -1 ? Buffer.from([0]) : bytes.subarray(first);
  const signed = (trimmed[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed;
  return tagged(TAG.integer, signed);
}

export function boolean(value: boolean): Buffer {
  return tagged(TAG.boolean, Buffer.from([value ? 0xff : 0]));
}

/** Bits as whole bytes, of which the last `unused` bits do not count. */
export function bitString(bytes: Buffer, unused = 0): Buffer {
  return tagged(TAG.bitString, Buffer.concat([Buffer.from([unused]), bytes]));
}

export function octetString(bytes: Buffer): Buffer {
  return tagged(TAG.octetString, bytes);
}

export function utf8String(text: string): Buffer {
  return tagged(TAG.utf8String, Buffer.from(text));
}

/** An object identifier in its dotted form. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap(base128);
  return tagged(TAG.objectId, Buffer.from(bytes));
}

/** A point in time, to the second; certificates write the years before 2050 with two digits. */
export function time(at: Date): Buffer {
  const digits = at
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replace(/[-:T]/g, "");
  if (at.getUTCFullYear() >= FIRST_LONG_YEAR) return tagged(TAG.generalizedTime, Buffer.from(digits));
  return tagged(TAG.utcTime, Buffer.from(digits.slice(2)));
}

/** A field known by its number alone: `[number]`, around other elements or as plain bytes. */
export function context(number: number, form: "around" | "plain", bytes: Buffer): Buffer {
  return tagged(CONTEXT | number | (form === "around" ? CONSTRUCTED : 0), bytes);
}

function tagged(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length <= SHORT_LENGTH) return Buffer.from([length]);
  const hex = length.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

function base128(value: number): number[] {
  const digits = [value % BASE_128];
  for (let rest = Math.floor(value / BASE_128); rest > 0; rest = Math.floor(rest / BASE_128)) {
    digits.unshift((rest % BASE_128) | 0x80);
  }
  return digits;
}
