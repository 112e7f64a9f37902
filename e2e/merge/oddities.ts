/** Corners of a strategic merge that random pairs hardly meet, and directives that mean nothing. */
import type { Json } from "./words.ts";

export const FULL: Json = {
  metadata: { labels: { app: "x" } },
  spec: {
    containers: [
      {
        name: "main",
        image: "busybox",
        ports: [{ containerPort: 53, protocol: "TCP" }, { containerPort: 53, protocol: "UDP" }, { containerPort: 80 }],
      },
    ],
    volumes: volumes("a", "b", "c", "d"),
  },
};

export const ODD: readonly (readonly [string, Json])[] = [
  ["a removed element, whose place in the order a new one takes", ordered(["n"], ["n"], ["a"])],
  ["two removed elements and three new ones", ordered(["n", "o", "p"], ["n", "o", "p"], ["a", "d"])],
  ["an element that is removed and made anew", ordered(["a", "n"], ["a", "n"], ["a", "b"])],
  ["an element of the same number twice", ports({ containerPort: 53, protocol: "UDP", name: "dns" })],
  ["a new number twice", ports({ containerPort: 9, protocol: "UDP" }, { containerPort: 9, protocol: "TCP" })],
  ["a number that goes twice", ports({ containerPort: 53, $patch: "delete" })],
  ["a list of doubles that replaces", ports({ $patch: "replace" }, ...doubles(7, 53), ...doubles(53))],
  [
    "null in a new element",
    { spec: { containers: [{ name: "new", image: "x", resources: { limits: { cpu: null } } }] } },
  ],
  ["null in a new map", { metadata: { annotations: { a: null, b: "x" } } }],
  ["an object that is always there and replaced", main({ resources: { $patch: "replace", limits: { cpu: "1" } } })],
  ["a replacement of what is not there", { spec: { affinity: { $patch: "replace", nodeAffinity: {} } } }],
  ["a whole spec that is replaced", { spec: { $patch: "replace", containers: [{ name: "x", image: "y" }] } }],
  ["a field nobody knows", { spec: { unknown: { a: 1 }, hostNetwork: null } }],
];

/** An object as a merge key is missing here: the API server breaks the connection over it. */
export const WRONG: readonly (readonly [string, Json])[] = [
  ["an unknown $patch", { spec: { $patch: "remove" } }],
  ["$patch: merge in a list", { spec: { volumes: [{ name: "a", $patch: "merge" }] } }],
  ["an element without its key", { spec: { volumes: [{ emptyDir: {} }] } }],
  ["an element that is no object", { spec: { volumes: ["a"] } }],
  ["an element that is null", { spec: { volumes: [null] } }],
  ["an element that is a list", { spec: { volumes: [[]] } }],
  ["a deletion without the key", { spec: { volumes: [{ $patch: "delete" }] } }],
  ["$retainKeys that is no list", { spec: { $retainKeys: "containers" } }],
  ["$retainKeys without a field beside it", { spec: { $retainKeys: ["containers"], hostNetwork: false } }],
  ["$setElementOrder that is no list", { spec: { "$setElementOrder/volumes": "a" } }],
  ["$setElementOrder of a field that is no list", { spec: { "$setElementOrder/hostname": [] } }],
  ["$setElementOrder without keys", { spec: { "$setElementOrder/volumes": ["a"] } }],
  ["$setElementOrder without a list", { spec: { $setElementOrder: [] } }],
  ["$setElementOrder that lacks an element", ordered(["a"], ["n"], [])],
];

function volumes(...names: readonly string[]): readonly Json[] {
  return names.map((name) => ({ name, emptyDir: {} }));
}

function ordered(order: readonly string[], added: readonly string[], removed: readonly string[]): Json {
  const gone = removed.map((name) => ({ name, $patch: "delete" }));
  const wanted = order.map((name) => ({ name }));
  return { spec: { "$setElementOrder/volumes": wanted, volumes: [...volumes(...added), ...gone] } };
}

function ports(...list: readonly Json[]): Json {
  return main({ ports: list });
}

function doubles(...numbers: readonly number[]): readonly Json[] {
  return numbers.map((containerPort, index) => ({ containerPort, protocol: index === 0 ? "TCP" : "UDP" }));
}

function main(fields: Json): Json {
  return { spec: { containers: [{ name: "main", ...fields }] } };
}
