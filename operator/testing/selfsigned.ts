import { generateKeyPairSync, sign } from "node:crypto";

/** A certificate for loopback and its key, as PEM. For tests: made on the spot, so no key lies in the repository. */
export interface SelfSigned {
  readonly cert: string;
  readonly key: string;
}

/** Makes a certificate for localhost and 127.0.0.1 that signs itself. */
export function selfSigned(): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const name = sequence(tagged(0x31, sequence(tagged(0x06, bytes("550403")), tagged(0x0c, Buffer.from("localhost")))));
  const validity = sequence(tagged(0x17, Buffer.from("200101000000Z")), tagged(0x17, Buffer.from("491231235959Z")));
  const altNames = sequence(tagged(0x82, Buffer.from("localhost")), tagged(0x87, Buffer.from([127, 0, 0, 1])));
  const isAuthority = sequence(tagged(0x01, bytes("ff")));
  const extensions = sequence(extension("551d13", isAuthority), extension("551d11", altNames));
  const body = sequence(
    tagged(0xa0, tagged(0x02, bytes("02"))),
    tagged(0x02, bytes("01")),
    ecdsaWithSha256(),
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, extensions),
  );
  const signature = tagged(0x03, Buffer.concat([bytes("00"), sign("sha256", body, privateKey)]));
  const der = sequence(body, ecdsaWithSha256(), signature);
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function ecdsaWithSha256(): Buffer {
  return sequence(tagged(0x06, bytes("2a8648ce3d040302")));
}

function extension(oid: string, value: Buffer): Buffer {
  return sequence(tagged(0x06, bytes(oid)), tagged(0x04, value));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

/** One DER element; our lengths stay below 65,536. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 128) return Buffer.concat([Buffer.from([tag, length]), content]);
  if (length < 256) return Buffer.concat([Buffer.from([tag, 0x81, length]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content]);
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex, "hex");
}
