/** Who waits for what: the keys to look at when a thing appears. A key waits for one thing at a time. */
export class Waiting {
  readonly #keysOf = new Map<string, Set<string>>();
  readonly #thingOf = new Map<string, string>();

  /** From now on the key waits for this thing, and for nothing else; undefined: for nothing. */
  waitsFor(key: string, thing: string | undefined): void {
    const before = this.#thingOf.get(key);
    if (before === thing) return;
    if (before !== undefined) this.#leave(key, before);
    if (thing === undefined) return;
    this.#thingOf.set(key, thing);
    const keys = this.#keysOf.get(thing) ?? new Set<string>();
    this.#keysOf.set(thing, keys.add(key));
  }

  keysFor(thing: string): readonly string[] {
    return [...(this.#keysOf.get(thing) ?? [])];
  }

  #leave(key: string, thing: string): void {
    this.#thingOf.delete(key);
    const keys = this.#keysOf.get(thing);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOf.delete(thing);
  }
}
