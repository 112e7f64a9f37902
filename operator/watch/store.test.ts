import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ObjectRecord } from "../api/records.ts";
import { Store, keyOf } from "./store.ts";

interface Thing extends ObjectRecord {
  readonly gone?: "seen" | "missed";
}

function thing(name: string, wish: Partial<Thing> = {}): Thing {
  return { namespace: "ns", name, uid: `uid-${name}`, resourceVersion: "1", ownerUid: "owner", ...wish };
}

interface Kept {
  readonly store: Store<Thing>;
  /** "a@1 -> a@2", with "-" for nothing and "!" for gone. */
  readonly told: string[];
}

function aStore(keep = true): Kept {
  const told: string[] = [];
  const show = (one: Thing | undefined): string =>
    one === undefined ? "-" : `${one.uid}@${one.resourceVersion}${one.gone === undefined ? "" : `!${one.gone}`}`;
  const store = new Store<Thing>({
    onChange: (before, after) => void told.push(`${show(before)} -> ${show(after)}`),
    ...(keep && { keepGone: (last, how) => ({ ...last, gone: how }) }),
  });
  return { store, told };
}

const uids = (things: readonly Thing[]): readonly string[] => things.map((one) => one.uid);

describe("a store", () => {
  it("tells additions, changes and removals with the value before", () => {
    const { store, told } = aStore();
    store.upsert(thing("a"));
    store.upsert(thing("a", { resourceVersion: "2" }));
    store.remove(thing("a", { resourceVersion: "3" }));

    expect(told).toEqual(["- -> uid-a@1", "uid-a@1 -> uid-a@2", "uid-a@2 -> uid-a@3!seen"]);
    expect([store.get("ns/a"), store.size, store.resourceVersion]).toEqual([undefined, 0, "3"]);
  });

  it("keeps the last state of what is gone with its owner until it is forgotten", () => {
    const { store } = aStore();
    store.upsert(thing("a"));
    store.remove(thing("a", { resourceVersion: "3" }));
    const before = store.byOwner("owner");
    store.forget("uid-a");

    expect(before).toMatchObject([{ uid: "uid-a", resourceVersion: "3", gone: "seen" }]);
    expect([store.byOwner("owner"), store.gone()]).toEqual([[], []]);
  });

  it("does not forget what is alive", () => {
    const { store } = aStore();
    store.upsert(thing("a"));
    store.forget("uid-a");

    expect(uids(store.byOwner("owner"))).toEqual(["uid-a"]);
  });

  it("keeps nothing of what is gone unless asked to", () => {
    const { store, told } = aStore(false);
    store.upsert(thing("a"));
    store.remove(thing("a"));

    expect(store.byOwner("owner")).toEqual([]);
    expect(told.at(-1)).toBe("uid-a@1 -> -");
  });

  it("takes the same name with a new uid for a removal nobody saw and an addition", () => {
    const { store, told } = aStore();
    store.upsert(thing("a", { uid: "old" }));
    store.upsert(thing("a", { uid: "new" }));

    expect(told.slice(1)).toEqual(["old@1 -> old@1!missed", "- -> new@1"]);
    expect(uids(store.byOwner("owner"))).toEqual(["old", "new"]);
  });

  it("does the same in a new list", () => {
    const { store, told } = aStore();
    store.upsert(thing("a", { uid: "old" }));
    store.replace([thing("a", { uid: "new" })], "9");

    expect(told.slice(1)).toEqual(["old@1 -> old@1!missed", "- -> new@1"]);
  });

  it("leaves a new object alone when the removal of its forerunner comes late", () => {
    const { store } = aStore();
    store.upsert(thing("a", { uid: "new" }));
    store.remove(thing("a", { uid: "old", resourceVersion: "5" }));

    expect(store.get("ns/a")?.uid).toBe("new");
  });

  it("swaps a whole list in before it tells the first change", () => {
    const seen: (readonly [number, string])[] = [];
    const store: Store<Thing> = new Store<Thing>({
      onChange: () => void seen.push([store.size, store.resourceVersion]),
    });
    store.replace([thing("a"), thing("b")], "40");

    expect(seen).toEqual([
      [2, "40"],
      [2, "40"],
    ]);
  });

  it("tells only what a new list changed; what is missing from it was missed", () => {
    const { store, told } = aStore();
    store.replace([thing("a"), thing("b"), thing("c")], "40");
    told.length = 0;
    store.replace([thing("a"), thing("b", { resourceVersion: "41" })], "50");

    expect(told).toEqual(["uid-c@1 -> uid-c@1!missed", "uid-b@1 -> uid-b@41"]);
  });

  it("follows an object to another owner", () => {
    const { store } = aStore();
    store.upsert(thing("a"));
    store.upsert(thing("a", { resourceVersion: "2", ownerUid: "other" }));

    expect([uids(store.byOwner("owner")), uids(store.byOwner("other"))]).toEqual([[], ["uid-a"]]);
  });

  it("believes a list of an older version than its own whole: etcd was restored", () => {
    const { store } = aStore();
    store.replace([thing("a", { resourceVersion: "900" }), thing("b", { resourceVersion: "901" })], "950");
    store.replace([thing("a", { resourceVersion: "40" })], "50");
    store.upsert(thing("a", { resourceVersion: "60" }));

    expect([...store.keys()]).toEqual(["ns/a"]);
    expect(store.get("ns/a")?.resourceVersion).toBe("60");
    expect(store.gone().map((one) => [one.uid, one.gone])).toEqual([["uid-b", "missed"]]);
  });

  it("learns from a reply what no event has told yet, and moves its version by events only", () => {
    const { store, told } = aStore();
    store.replace([], "40");
    store.learn(thing("a", { resourceVersion: "50" }));
    const learned = [store.get("ns/a")?.resourceVersion, store.resourceVersion];
    store.upsert(thing("a", { resourceVersion: "50" }));

    expect(learned).toEqual(["50", "40"]);
    expect(store.resourceVersion).toBe("50");
    expect(told[0]).toBe("- -> uid-a@50");
  });

  it("learns nothing from a reply older than itself: what it tells of may be gone", () => {
    const { store } = aStore();
    store.replace([], "40");
    store.learn(thing("a", { resourceVersion: "39" }));

    expect(store.size).toBe(0);
  });

  it("keeps what it learned through events and lists made before it", () => {
    const { store } = aStore();
    store.replace([thing("a", { resourceVersion: "30" })], "40");
    store.learn(thing("a", { resourceVersion: "50" }));
    store.learn(thing("b", { resourceVersion: "51" }));
    store.upsert(thing("a", { resourceVersion: "45" }));
    store.replace([thing("a", { resourceVersion: "45" })], "46");

    expect([...store.keys()].map((key) => store.get(key)?.resourceVersion)).toEqual(["50", "51"]);
  });

  it("gives up what it learned when a later list does not have it", () => {
    const { store } = aStore();
    store.replace([], "40");
    store.learn(thing("a", { resourceVersion: "50" }));
    store.replace([], "60");

    expect(store.size).toBe(0);
    expect(store.gone()).toMatchObject([{ uid: "uid-a", gone: "missed" }]);
  });

  it("moves its version forward only, except by a new list", () => {
    const { store } = aStore();
    store.replace([], "40");
    store.bookmark("9");
    const afterOlder = store.resourceVersion;
    store.bookmark("100");
    const afterNewer = store.resourceVersion;
    store.replace([], "60");

    expect([afterOlder, afterNewer, store.resourceVersion]).toEqual(["40", "100", "60"]);
  });
});

type Step =
  | { readonly kind: "upsert" | "remove"; readonly thing: Thing }
  | { readonly kind: "replace"; readonly things: readonly Thing[] }
  | { readonly kind: "forget"; readonly uid: string };

const things = fc.record({
  namespace: fc.constantFrom("n1", "n2"),
  name: fc.constantFrom("a", "b", "__proto__"),
  uid: fc.constantFrom("u1", "u2", "u3"),
  resourceVersion: fc.constantFrom("1", "2", "3"),
  ownerUid: fc.constantFrom("o1", "o2", "constructor"),
});
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom("upsert" as const, "remove" as const), thing: things.map(oneUidPerName) }),
  fc.record({ kind: fc.constant("replace" as const), things: fc.array(things.map(oneUidPerName)).map(oncePerName) }),
  fc.record({ kind: fc.constant("forget" as const), uid: fc.constantFrom("n1/a/u1", "n2/b/u2") }),
);

/** An API server gives a uid once, to one object of one name. */
function oneUidPerName(one: Thing): Thing {
  return { ...one, uid: `${keyOf(one)}/${one.uid}` };
}

/** The server's versions only grow; what a list repeats keeps its own. */
function newer(step: Step, resourceVersion: string): Step {
  if (step.kind === "forget") return step;
  if (step.kind === "replace") return { ...step, things: step.things.map((one) => ({ ...one, resourceVersion })) };
  return { ...step, thing: { ...step.thing, resourceVersion } };
}

function oncePerName(list: readonly Thing[]): readonly Thing[] {
  return [...new Map(list.map((one) => [keyOf(one), one])).values()];
}

/** The same, written without any index: two arrays walked each time. */
class NaiveStore {
  alive: Thing[] = [];
  gone: Thing[] = [];

  apply(step: Step): void {
    if (step.kind === "forget") this.gone = this.gone.filter((one) => one.uid !== step.uid);
    else if (step.kind === "replace") this.#replace(step.things);
    else if (step.kind === "upsert") this.#upsert(step.thing);
    else this.#remove(step.thing);
  }

  #replace(list: readonly Thing[]): void {
    for (const old of this.alive) if (!list.some((one) => one.uid === old.uid)) this.#bury({ ...old, gone: "missed" });
    this.alive = list.map((one) => this.alive.find((old) => same(old, one)) ?? one);
  }

  #upsert(one: Thing): void {
    const old = this.alive.find((other) => keyOf(other) === keyOf(one));
    if (old !== undefined && old.uid !== one.uid) this.#bury({ ...old, gone: "missed" });
    this.alive = [...this.alive.filter((other) => other !== old), one];
  }

  #remove(one: Thing): void {
    const old = this.alive.find((other) => keyOf(other) === keyOf(one));
    if (old !== undefined && old.uid !== one.uid) return;
    this.alive = this.alive.filter((other) => other !== old);
    this.#bury({ ...one, gone: "seen" });
  }

  #bury(one: Thing): void {
    this.gone = [...this.gone.filter((other) => other.uid !== one.uid), one];
  }
}

function same(a: Thing, b: Thing): boolean {
  return a.uid === b.uid && a.resourceVersion === b.resourceVersion;
}

function sorted(list: readonly Thing[]): readonly string[] {
  return list.map((one) => JSON.stringify(one, Object.keys(one).toSorted())).toSorted();
}

describe("a store and its naive model", () => {
  it("agree after any sequence of events, lists and forgetting", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 30 }), (sequence) => {
        const { store } = aStore();
        const model = new NaiveStore();
        // A uid that is gone never comes back, and goes only once.
        const dead = (uid: string): boolean => model.gone.some((one) => one.uid === uid);
        for (const [index, raw] of sequence.entries()) {
          const version = index + 1;
          const step = newer(raw, String(version));
          if ((step.kind === "upsert" || step.kind === "remove") && dead(step.thing.uid)) continue;
          if (step.kind === "replace" && step.things.some((one) => dead(one.uid))) continue;
          model.apply(step);
          if (step.kind === "forget") store.forget(step.uid);
          else if (step.kind === "replace") store.replace(step.things, String(version));
          else store[step.kind](step.thing);
        }
        const owners = ["o1", "o2", "constructor"];
        const all = [...model.alive, ...model.gone];

        expect(sorted([...store.keys()].map((key) => store.get(key) ?? thing("missing")))).toEqual(sorted(model.alive));
        expect(sorted(owners.flatMap((owner) => store.byOwner(owner)))).toEqual(sorted(all));
        expect(sorted(store.gone())).toEqual(sorted(model.gone));
      }),
    );
  });
});

describe("what depends on a node", () => {
  interface Placed extends Thing {
    readonly node?: string;
  }
  const placed = (name: string, wish: Partial<Placed> = {}): Placed => ({ ...thing(name), ...wish });

  it("is found by its name, wherever it moves, gone ones that were kept included", () => {
    const store = new Store<Placed>({
      onChange: () => {},
      dependsOn: ({ node }) => node,
      keepGone: (last, gone) => ({ ...last, gone }),
    });
    store.upsert(placed("a"));
    store.upsert(placed("b", { node: "n1" }));
    store.upsert(placed("c", { node: "n1" }));
    store.upsert(placed("c", { node: "n2", resourceVersion: "2" }));
    store.remove(placed("b", { node: "n1", resourceVersion: "3" }));

    expect([uids(store.dependingOn("n1")), uids(store.dependingOn("n2")), store.dependingOn("n3")]).toEqual([
      ["uid-b"],
      ["uid-c"],
      [],
    ]);
  });

  it("without a namespace goes by its name alone", () => {
    const { store } = aStore();
    store.upsert(thing("node-7", { namespace: "" }));

    expect(store.get("node-7")?.uid).toBe("uid-node-7");
  });
});
