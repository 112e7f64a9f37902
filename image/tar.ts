/** Writing tar archives: headers only; who writes puts the content between them. */

const BLOCK_BYTES = 512;
const NAME_BYTES = 100;
const LINK_BYTES = 100;
/** The widest number of the 12-byte octal size field: 8 GiB - 1. No image of ours comes near. */
const MAX_SIZE_BYTES = 0o77777777777;
const END_BLOCKS = 2;

export type TarEntry =
  | { readonly kind: "file"; readonly name: string; readonly mode: number; readonly sizeBytes: number }
  | { readonly kind: "directory"; readonly name: string; readonly mode: number }
  | { readonly kind: "symlink"; readonly name: string; readonly target: string };

/** The header blocks of one entry. Names too long for the classic header get a pax header in front. */
export function tarHeader(entry: TarEntry): Buffer {
  const name = entry.kind === "directory" ? `${entry.name.replace(/\/$/, "")}/` : entry.name;
  const target = entry.kind === "symlink" ? entry.target : "";
  const size = entry.kind === "file" ? entry.sizeBytes : 0;
  if (size > MAX_SIZE_BYTES) throw new RangeError(`${name} has ${size} bytes, a tar entry holds ${MAX_SIZE_BYTES}`);
  const long = [
    ...(Buffer.byteLength(name) > NAME_BYTES ? [paxRecord("path", name)] : []),
    ...(Buffer.byteLength(target) > LINK_BYTES ? [paxRecord("linkpath", target)] : []),
  ].join("");
  const mode = entry.kind === "symlink" ? 0o777 : entry.mode & 0o7777;
  const header = block({ name, target, mode, size, type: TYPE[entry.kind] });
  if (long === "") return header;
  const body = Buffer.from(long);
  const pax = block({ name: "pax", target: "", mode: 0o644, size: body.length, type: "x" });
  return Buffer.concat([pax, body, tarPadding(body.length), header]);
}

/** The zeros that fill up the last block of a content of `sizeBytes`. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES);
}

/** The zeros that end an archive. */
export function tarEnd(): Buffer {
  return Buffer.alloc(END_BLOCKS * BLOCK_BYTES);
}

/** A small file as one piece: header, content and padding. */
export function tarFile(name: string, content: string | Buffer): Buffer {
  const body = Buffer.from(content);
  return Buffer.concat([
    tarHeader({ kind: "file", name, mode: 0o644, sizeBytes: body.length }),
    body,
    tarPadding(body.length),
  ]);
}

const TYPE = { file: "0", directory: "5", symlink: "2" } as const;

interface Fields {
  readonly name: string;
  readonly target: string;
  readonly mode: number;
  readonly size: number;
  readonly type: string;
}

/** One ustar header. Owner is root and the time is zero, so that equal content gives an equal archive. */
function block(fields: Fields): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(fields.name, 0, NAME_BYTES);
  header.write(octal(fields.mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(fields.size, 11), 124);
  header.write(octal(0, 11), 136);
  header.write("        ", 148);
  header.write(fields.type, 156);
  header.write(fields.target, 157, LINK_BYTES);
  header.write("ustar\u000000", 257, "latin1");
  header.write("root", 265);
  header.write("root", 297);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${octal(checksum, 6)}\u0000 `, 148, "latin1");
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** A pax record starts with its own length, which counts its own digits too. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const restBytes = Buffer.byteLength(rest);
  const guess = restBytes + String(restBytes).length;
  const length = restBytes + String(guess).length;
  return `${length}${rest}`;
}
