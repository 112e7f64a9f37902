/** A certificate authority of our own: Node.js signs and verifies, but does not make certificates. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from "node:crypto";
import { isIPv4 } from "node:net";
import * as der from "./der.ts";

const DAY_MS = 86_400_000;
/** A local cluster lives days; ten years means that no certificate ever runs out under it. */
const LIFETIME_MS = 3650 * DAY_MS;
/** Certificates begin in the past, for a machine whose clock is set back a little. */
const BACKDATE_MS = 3_600_000;
const SERIAL_BYTES = 16;

const OID = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  basicConstraints: "2.5.29.19",
  keyUsage: "2.5.29.15",
  extendedKeyUsage: "2.5.29.37",
  subjectAltName: "2.5.29.17",
  subjectKeyId: "2.5.29.14",
  authorityKeyId: "2.5.29.35",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

/** A certificate and its key, both as PEM. */
export interface Credential {
  readonly certificate: string;
  readonly key: string;
}

/** An authority: a credential that signs others. */
export interface Authority extends Credential {
  readonly commonName: string;
}

export interface Subject {
  readonly commonName: string;
  /** The group of a user, in Kubernetes. */
  readonly organization?: string;
  /** DNS names and IPv4 addresses a server is reached by. */
  readonly hosts?: readonly string[];
}

/** A new authority that signs itself. */
export function newAuthority(commonName: string, now: Date): Authority {
  const pair = newKeyPair();
  const extensions = [
    extension(OID.basicConstraints, true, der.sequence(der.boolean(true))),
    extension(OID.keyUsage, true, KEY_USAGE.authority),
    extension(OID.subjectKeyId, false, der.octetString(keyId(pair.publicDer))),
  ];
  const subject = name({ commonName });
  const body = toBeSigned({ issuer: subject, subject, publicDer: pair.publicDer, extensions, now });
  return { commonName, certificate: signed(body, pair.privateKey), key: pair.privatePem };
}

/** A credential signed by `authority`, for a client and, when it has hosts, for a server too. */
export function issue(authority: Authority, subject: Subject, now: Date): Credential {
  const pair = newKeyPair();
  const signer = createPrivateKey(authority.key);
  const hosts = subject.hosts ?? [];
  const uses = [OID.clientAuth, ...(hosts.length > 0 ? [OID.serverAuth] : [])];
  const extensions = [
    extension(OID.basicConstraints, true, der.sequence()),
    extension(OID.keyUsage, true, KEY_USAGE.leaf),
    extension(OID.extendedKeyUsage, false, der.sequence(...uses.map(der.objectId))),
    extension(OID.authorityKeyId, false, der.sequence(der.context(0, "plain", keyId(publicDerOf(authority.key))))),
    ...(hosts.length > 0 ? [extension(OID.subjectAltName, false, der.sequence(...hosts.map(generalName)))] : []),
  ];
  const issuer = name({ commonName: authority.commonName });
  const body = toBeSigned({ issuer, subject: name(subject), publicDer: pair.publicDer, extensions, now });
  return { certificate: signed(body, signer), key: pair.privatePem };
}

/** A key pair as PEM, such as the one that signs service account tokens. */
export function newKeys(): { readonly publicKey: string; readonly privateKey: string } {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}

interface KeyPair {
  readonly privateKey: KeyObject;
  readonly privatePem: string;
  readonly publicDer: Buffer;
}

function newKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    privateKey,
    privatePem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicDer: publicKey.export({ type: "spki", format: "der" }),
  };
}

function publicDerOf(privatePem: string): Buffer {
  return createPublicKey(privatePem).export({ type: "spki", format: "der" });
}

/** Bits of the key usage, first bit first: digitalSignature is 0, keyCertSign 5, cRLSign 6. */
const KEY_USAGE = {
  authority: der.bitString(Buffer.from([0b1000_0110]), 1),
  leaf: der.bitString(Buffer.from([0b1000_0000]), 7),
} as const;

interface Unsigned {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicDer: Buffer;
  readonly extensions: readonly Buffer[];
  readonly now: Date;
}

const ALGORITHM = der.sequence(der.objectId(OID.ecdsaWithSha256));
/** Version 3, which is written as 2. */
const VERSION = der.context(0, "around", der.integer(Buffer.from([2])));

function toBeSigned(what: Unsigned): Buffer {
  const from = new Date(what.now.getTime() - BACKDATE_MS);
  const until = new Date(what.now.getTime() + LIFETIME_MS);
  return der.sequence(
    VERSION,
    der.integer(randomBytes(SERIAL_BYTES)),
    ALGORITHM,
    what.issuer,
    der.sequence(der.time(from), der.time(until)),
    what.subject,
    what.publicDer,
    der.context(3, "around", der.sequence(...what.extensions)),
  );
}

function signed(body: Buffer, key: KeyObject): string {
  const whole = der.sequence(body, ALGORITHM, der.bitString(sign("sha256", body, key)));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return der.sequence(der.objectId(id), ...(critical ? [der.boolean(true)] : []), der.octetString(value));
}

function name(subject: Subject): Buffer {
  return der.sequence(
    ...(subject.organization === undefined ? [] : [part(OID.organization, subject.organization)]),
    part(OID.commonName, subject.commonName),
  );
}

function part(id: string, text: string): Buffer {
  return der.set(der.sequence(der.objectId(id), der.utf8String(text)));
}

function generalName(host: string): Buffer {
  if (isIPv4(host)) return der.context(7, "plain", Buffer.from(host.split(".").map(Number)));
  return der.context(2, "plain", Buffer.from(host));
}

function keyId(publicDer: Buffer): Buffer {
  return createHash("sha1").update(publicDer).digest();
}
