/**
 * Which of two versions comes first by semver's precedence: 1.9.0 before 1.10.0, 0.2.0-rc.1 before 0.2.0. Negative: `a`;
 * positive: `b`; what follows a "+" counts for nothing.
 */
export function compareVersions(a: string, b: string): number {
  const [one, other] = [partsOf(a), partsOf(b)];
  const released = compareParts(one.release, other.release);
  if (released !== 0) return released;
  // A version without a pre-release is the one its candidates lead to.
  if (one.candidate.length === 0 || other.candidate.length === 0) return other.candidate.length - one.candidate.length;
  return compareParts(one.candidate, other.candidate);
}

interface Parts {
  readonly release: readonly string[];
  /** Empty: the release itself. */
  readonly candidate: readonly string[];
}

function partsOf(version: string): Parts {
  const [, release = "", candidate] = /^([^-+]*)(?:-([^+]*))?/.exec(version) ?? [];
  return { release: release.split("."), candidate: candidate === undefined ? [] : candidate.split(".") };
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  const unlike = a.findIndex((part, index) => part !== b[index]);
  if (unlike < 0) return a.length - b.length;
  const [one, other] = [a[unlike] ?? "", b[unlike]];
  return other === undefined ? 1 : comparePart(one, other);
}

/** Numbers by value, before words; words by their characters. */
function comparePart(a: string, b: string): number {
  const [aIsNumber, bIsNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (aIsNumber && bIsNumber) return Number(a) - Number(b);
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  return a < b ? -1 : 1;
}
