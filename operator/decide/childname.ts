/**
 * Names of children are computed, never random: creating the same child twice collides, and the API server answers 409.
 */

/** A pod's host name is cut to 63 characters, so a longer pod name would not be unique inside the pod. */
const NAME_CHARS = 63;

/** Kubernetes' own alphabet for generated names: no vowels and no digits that could spell words. */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const HASH_CHARS = 6;

/** `<owner>-<attempt>-<hash of the owner's uid>`: an owner created again under the same name gets other pod names. */
export function podName(owner: string, attempt: number, ownerUid: string): string {
  return withSuffix(owner, `-${attempt}-${shortHash(ownerUid)}`);
}

/** A name as a label value: at most 63 characters, and told apart by a hash when it had to be cut. */
export function labelValue(name: string): string {
  return name.length <= NAME_CHARS ? name : withSuffix(name, `-${shortHash(name)}`);
}

function withSuffix(name: string, suffix: string): string {
  const room = NAME_CHARS - suffix.length;
  if (name.length <= room) return name + suffix;
  const cut = name.slice(0, room - HASH_CHARS - 1).replace(/[.-]+$/, "");
  return `${cut}-${shortHash(name)}${suffix}`;
}

/** FNV-1a over 64 bits: short, spread well, the same everywhere. Not a secret, so no cryptographic hash is needed. */
export function shortHash(value: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const unit of value) {
    hash ^= BigInt(unit.codePointAt(0) ?? 0);
    hash = BigInt.asUintN(64, hash * 0x100000001b3n);
  }
  let out = "";
  for (let i = 0; i < HASH_CHARS; i += 1) {
    out += ALPHABET[Number(hash % BigInt(ALPHABET.length))];
    hash /= BigInt(ALPHABET.length);
  }
  return out;
}
