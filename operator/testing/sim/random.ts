/** Seeded randomness: the one source of chance in the simulator. */

/** sfc32 needs some rounds before its state no longer resembles the seed; 12 is the number its author gives. */
const WARM_UP_ROUNDS = 12;

/**
 * A seeded generator. Every consumer takes a fork under its own name, so that a new consumer, or one more draw in an
 * old one, does not shift what the others get.
 */
export class Random {
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string) {
    this.#seed = seed;
    this.#a = hashText(`${seed}:a`);
    this.#b = hashText(`${seed}:b`);
    this.#c = hashText(`${seed}:c`);
    for (let round = 0; round < WARM_UP_ROUNDS; round++) this.#next32();
  }

  /** An independent generator; the same name gives the same one. */
  fork(name: string): Random {
    return new Random(`${this.#seed}/${name}`);
  }

  /** A number in [0, 1). */
  next(): number {
    return this.#next32() / 0x1_0000_0000;
  }

  /** A whole number in [min, max]. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.int(0, choices.length - 1)] ?? choices[0];
  }

  shuffled<T>(values: readonly T[]): T[] {
    return values
      .map((value) => ({ value, rank: this.next() }))
      .toSorted((left, right) => left.rank - right.rank)
      .map(({ value }) => value);
  }

  #next32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + sum) | 0;
    return sum >>> 0;
  }
}

/** FNV-1a over UTF-16 code units, with a final mix; good enough to spread seeds and to compare traces. */
export function hashText(text: string, start = 0x811c_9dc5): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b_3c6d);
  return (hash ^ (hash >>> 12)) >>> 0;
}
