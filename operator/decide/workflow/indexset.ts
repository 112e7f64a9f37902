/**
 * A set of the numbers 0 to n - 1 that knows its least: bits, and above each 32 words one word that says which of them are not
 * empty. Three levels hold 32,768 numbers, so every step is a handful of operations, whatever is in it.
 */
export interface IndexSet {
  readonly levels: readonly Uint32Array[];
}

/** Empty, for 0 to size - 1. */
export function emptySet(size: number): IndexSet {
  const levels: Uint32Array[] = [];
  let words = size;
  do {
    words = Math.max(1, Math.ceil(words / 32));
    levels.push(new Uint32Array(words));
  } while (words > 1);
  return { levels };
}

/** All of 0 to size - 1. */
export function fullSet(size: number): IndexSet {
  const set = emptySet(size);
  for (let index = 0; index < size; index += 1) addIndex(set, index);
  return set;
}

export function addIndex({ levels }: IndexSet, index: number): void {
  let place = index;
  for (const words of levels) {
    const word = place >>> 5;
    words[word] = (words[word] ?? 0) | (1 << (place & 31));
    place = word;
  }
}

export function deleteIndex({ levels }: IndexSet, index: number): void {
  let place = index;
  for (const words of levels) {
    const word = place >>> 5;
    const left = (words[word] ?? 0) & ~(1 << (place & 31));
    words[word] = left;
    if (left !== 0) return;
    place = word;
  }
}

/** The least in it; undefined if it is empty. */
export function firstIndex({ levels }: IndexSet): number | undefined {
  let place = 0;
  for (let level = levels.length - 1; level >= 0; level -= 1) {
    const word = levels[level]?.[place] ?? 0;
    if (word === 0) return undefined;
    place = place * 32 + (31 - Math.clz32(word & -word));
  }
  return place;
}
