/** Resource versions: comparable whole numbers (KEP-5504), longer than a JavaScript number can hold. */

/** Is `a` the same as or newer than `b`? True for versions that are no whole numbers: we then trust what came last. */
export function atLeast(a: string, b: string): boolean {
  if (!isWhole(a) || !isWhole(b)) return true;
  return a.length === b.length ? a >= b : a.length > b.length;
}

function isWhole(version: string): boolean {
  return /^(0|[1-9][0-9]*)$/.test(version);
}
