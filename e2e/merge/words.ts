/** What templates and patches are made of: the same shapes, whole in a template, in pieces and with directives in a patch. */
import * as fc from "fast-check";

export type Json = Readonly<Record<string, unknown>>;
export type Part = fc.Arbitrary<Json>;

/** How often, in a hundred, a patch says each of these. */
const OFTEN = { nulls: 6, marks: 6, retained: 10, orders: 25, replacements: 8, deletions: 12, mistakes: 2 };
/** A template has half of the fields it can have, a patch most of the few it speaks of. */
const PRESENT = { template: 50, patch: 70 };
/** A patch that says more is likely to contain a mistake, and would show only that. */
const SPOKEN_OF_MAX = 4;

export type Vocabulary = "template" | "patch";

/** How fields are said in a template, or in a patch. */
export class Words {
  readonly #patch: boolean;
  readonly #present: number;

  constructor(vocabulary: Vocabulary) {
    this.#patch = vocabulary === "patch";
    this.#present = PRESENT[vocabulary];
  }

  /** A field that may be there; in a patch it may also be null. */
  field(name: string, value: fc.Arbitrary<unknown>): Part {
    const nulls = this.#patch ? OFTEN.nulls : 0;
    return fc.oneof(
      { weight: 100 - this.#present - nulls, arbitrary: fc.constant({}) },
      { weight: this.#present, arbitrary: value.map((one) => ({ [name]: one })) },
      { weight: nulls, arbitrary: fc.constant({ [name]: null }) },
    );
  }

  /** A field without which the server refuses a template. */
  required(name: string, value: fc.Arbitrary<unknown>): Part {
    const there = value.map((one) => ({ [name]: one }));
    return this.#patch
      ? fc.oneof({ weight: 85, arbitrary: there }, { weight: 15, arbitrary: this.field(name, value) })
      : there;
  }

  /** An object with the fields of all parts; a patch speaks of a few of them only. */
  some(parts: readonly Part[]): Part {
    if (!this.#patch) return all(...parts);
    return fc.shuffledSubarray([...parts], { minLength: 1, maxLength: SPOKEN_OF_MAX }).chain((few) => all(...few));
  }

  /** A field with one of a few values. */
  choice(name: string, ...values: readonly unknown[]): Part {
    return this.field(name, fc.constantFrom(...values));
  }

  object(name: string, ...parts: readonly Part[]): Part {
    return this.field(name, this.marked(all(...parts)));
  }

  /** A list whose elements the server merges by `key`; `ids` are the keys there may be. */
  merged(name: string, key: string, ids: readonly unknown[], fields: (id: unknown) => Part): Part {
    const whole = (id: unknown): Part => fields(id).map((more) => ({ [key]: id, ...more }));
    const element = this.#patch ? (id: unknown): Part => this.#patched(key, id, whole) : whole;
    const chosen = fc.shuffledSubarray([...ids], { minLength: 1 });
    const elements = chosen.chain((few) => fc.tuple(...few.map(element)));
    if (!this.#patch) return this.field(name, elements);
    return fc.oneof(
      { weight: 100 - OFTEN.orders - OFTEN.replacements, arbitrary: this.field(name, elements) },
      { weight: OFTEN.replacements, arbitrary: elements.map((list) => ({ [name]: [...list, { $patch: "replace" }] })) },
      { weight: OFTEN.orders, arbitrary: this.#ordered(name, key, ids, elements) },
    );
  }

  /** A list of plain values. */
  plain(name: string, values: readonly string[], strategy: "merged" | "replaced"): Part {
    const list = fc.shuffledSubarray([...values], { minLength: 1 });
    if (!this.#patch) return this.field(name, list);
    const shorter = list.map((gone) => ({ [`$deleteFromPrimitiveList/${name}`]: gone }));
    const ordered = fc
      .shuffledSubarray([...values], { minLength: 1 })
      .map((wanted) => ({ [`$setElementOrder/${name}`]: wanted }));
    return fc.oneof(
      { weight: 70, arbitrary: this.field(name, list) },
      { weight: strategy === "merged" ? 20 : 3, arbitrary: shorter },
      { weight: 5, arbitrary: ordered },
    );
  }

  /** A list that the server replaces as a whole. */
  replaced(name: string, ...parts: readonly Part[]): Part {
    const mistake = this.#patch ? OFTEN.mistakes : 0;
    const element = all(...parts);
    return this.field(
      name,
      fc.oneof(
        { weight: 100 - mistake, arbitrary: fc.array(element, { minLength: 1, maxLength: 3 }) },
        { weight: mistake, arbitrary: fc.tuple(fc.constant({ $patch: "replace" }), element) },
      ),
    );
  }

  /** In a patch, an object may say what becomes of the one that is there. */
  marked(part: Part): Part {
    if (!this.#patch) return part;
    return fc.oneof(
      { weight: 100 - OFTEN.marks - 2 * OFTEN.mistakes, arbitrary: part },
      { weight: OFTEN.marks, arbitrary: fc.tuple(part, fc.constantFrom("replace", "replace", "delete")).map(withMark) },
      { weight: OFTEN.mistakes, arbitrary: part.map((one) => ({ ...one, $retainKeys: Object.keys(one) })) },
      { weight: OFTEN.mistakes, arbitrary: part.map((one) => ({ ...one, $retainKeys: Object.keys(one).slice(1) })) },
    );
  }

  #patched(key: string, id: unknown, whole: (id: unknown) => Part): Part {
    return fc.oneof(
      { weight: 100 - OFTEN.deletions - OFTEN.retained - OFTEN.mistakes, arbitrary: whole(id) },
      { weight: OFTEN.deletions, arbitrary: fc.constant({ [key]: id, $patch: "delete" }) },
      { weight: OFTEN.retained, arbitrary: whole(id).map(withRetained) },
      { weight: OFTEN.mistakes, arbitrary: fc.constantFrom({}, { $patch: "delete" }) },
    );
  }

  /** Mostly an order that the list keeps to, sometimes one it breaks. */
  #ordered(name: string, key: string, ids: readonly unknown[], elements: fc.Arbitrary<readonly Json[]>): Part {
    const lists = fc.option(elements, { freq: 3 });
    return fc.tuple(lists, fc.shuffledSubarray([...ids], { minLength: 1 }), fc.nat(99)).map(([list, more, luck]) => {
      const said = (list ?? []).filter((one) => one["$patch"] === undefined).map((one) => one[key]);
      const others = more.filter((id) => !said.includes(id));
      const order = luck < OFTEN.mistakes ? more : [...others.slice(luck % 2), ...said, ...others.slice(0, luck % 2)];
      return {
        [`$setElementOrder/${name}`]: order.map((id) => ({ [key]: id })),
        ...(list !== null && { [name]: list }),
      };
    });
  }
}

/** An object with the fields of all parts. */
export function all(...parts: readonly Part[]): Part {
  return fc.tuple(...parts).map((pieces) => Object.assign({}, ...pieces) as Json);
}

/** The fields of one of the parts. */
export function oneOf(...parts: readonly Part[]): Part {
  return fc.oneof(...parts);
}

/** A field that is always there. */
export function fixed(name: string, value: unknown): Part {
  return fc.constant({ [name]: value });
}

function withMark([part, mark]: readonly [Json, string]): Json {
  return { ...part, $patch: mark };
}

function withRetained(part: Json): Json {
  return { ...part, $retainKeys: Object.keys(part).filter((name) => part[name] !== null && !name.startsWith("$")) };
}
