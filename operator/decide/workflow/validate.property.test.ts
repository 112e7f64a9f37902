/** What holds for every definition: no garbage makes the rules throw, and what they say is what an obvious reading says. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WorkflowSpec } from "../../api/types.ts";
import { ALONE, POD, env, problemsOf } from "../../testing/definitions.ts";
import type { Fields } from "../../testing/definitions.ts";
import { compileGraph } from "./graph.ts";
import type { TaskSpec } from "./model.ts";
import { childName } from "./names.ts";
import { problemsMessage, workflowProblems } from "./validate.ts";

const bytes = (text: string): number => new TextEncoder().encode(text).length;

describe("whatever the definition", () => {
  const word = fc.constantFrom(
    "a",
    "b",
    "__proto__",
    "constructor",
    "$(params.x)",
    "$(item.k)",
    "$(tasks.a.status",
    "\u{1F600}",
    "",
  );
  const leaf = fc.oneof(
    word,
    fc.constantFrom(null, true, 0, -1, 1.5, 1e9, Number.MAX_VALUE),
    fc.string({ maxLength: 5 }),
  );
  const field = fc.constantFrom(
    "name",
    "tasks",
    "finally",
    "params",
    "taskDefaults",
    "template",
    "spec",
    "metadata",
    "containers",
    "dependsOn",
    "when",
    "forEach",
    "items",
    "matrix",
    "range",
    "start",
    "end",
    "step",
    "result",
    "workflowRef",
    "podTemplateRef",
    "retry",
    "backoff",
    "rules",
    "results",
    "default",
    "enum",
    "labels",
    "restartPolicy",
    "initContainers",
    "__proto__",
    "$patch",
    "a",
  );
  const garbage = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      leaf,
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.array(fc.tuple(field, tie("tree")), { maxLength: 4 }).map((fields) => Object.fromEntries(fields)),
    ),
  })).tree;
  /** Right, but for one place. */
  const spoilt = fc.tuple(fc.nat(), garbage).map(([at, value]) => replacedAt(WHOLE, at, value));

  it.each([
    ["garbage", garbage],
    ["garbage in place of one value of a right one", spoilt],
  ])("nothing is thrown and the problems are bounded: %s", (_, definitions) => {
    fc.assert(
      fc.property(definitions, (definition) => {
        // oxlint-disable-next-line typescript/consistent-type-assertions -- it is none, mostly
        const found = workflowProblems({ name: "sales", spec: definition as WorkflowSpec }, ALONE);

        expect(found.length).toBeLessThanOrEqual(100);
        expect(found.filter(({ path, problem }) => !path.startsWith("spec") || problem === "")).toEqual([]);
        expect(bytes(problemsMessage(found))).toBeLessThanOrEqual(1024);
        expect(({} as Fields)["a"]).toBeUndefined();
      }),
      { numRuns: 1500 },
    );
  });

  it("the right one is right", () => {
    expect(problemsOf(WHOLE)).toEqual([]);
  });
});

/** A bit of everything. */
const WHOLE: Fields = {
  params: [{ name: "x", default: "1", enum: ["1", "2"] }],
  taskDefaults: {
    ...env("$(params.x)"),
    retry: { limit: 1, backoff: { initialSeconds: 1 } },
    startDeadlineSeconds: 10,
  },
  maxParallelTasks: 5,
  tasks: [
    { name: "a", results: [{ name: "r" }], ...POD },
    {
      name: "b",
      dependsOn: ["a"],
      triggerRule: "AllDone",
      forEach: { result: "$(tasks.a.results.r)" },
      ...env("$(item)"),
    },
    {
      name: "c",
      forEach: { items: [{ k: "$(run.ds)" }], maxParallel: 2 },
      ...env("$(item.k)"),
      attemptDeadlineSeconds: 20,
    },
    { name: "d", dependsOn: ["b", "c"], forEach: { matrix: { m: ["$(params.x)"] } }, ...env("$(item.m)$(index)") },
    { name: "e", forEach: { range: { start: 1, end: 3, step: 1 } }, podTemplateRef: { name: "gpu" } },
    { name: "f", workflowRef: { name: "other", params: { day: "$(run.ds)" } } },
    { name: "g", retry: { rules: [{ reasons: ["OOMKilled"], action: "Retry", memory: { factor: "2" } }] } },
  ],
  finally: [{ name: "z", ...env("$(run.status) $(tasks.a.results.r)") }],
  onFailure: "FailFast",
};

/** A copy with the value at one of its places, in the order of its JSON. */
function replacedAt(root: unknown, place: number, value: unknown): unknown {
  const count = placesIn(root);
  let left = place % count;
  const visit = (node: unknown): unknown => {
    if (left === 0) {
      left = -1;
      return value;
    }
    left -= 1;
    if (Array.isArray(node)) return node.map(visit);
    if (typeof node !== "object" || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, one]) => [key, visit(one)]));
  };
  return visit(root);
}

function placesIn(node: unknown): number {
  if (typeof node !== "object" || node === null) return 1;
  return Object.values(node).reduce<number>((sum, one) => sum + placesIn(one), 1);
}

describe("definitions of few names", () => {
  const name = fc.oneof(
    { arbitrary: fc.constantFrom("a", "b", "c"), weight: 4 },
    { arbitrary: fc.constantFrom("a-0", "a-r1", "a-0-r1", "b-1"), weight: 1 },
  );
  const reference = fc.oneof(
    { arbitrary: fc.constantFrom("$(params.x)", "$(run.ds)", "$(HOME)", "$$(params.z)"), weight: 4 },
    { arbitrary: fc.constantFrom("$(params.y)", "$(run.status)"), weight: 1 },
    { arbitrary: fc.constantFrom("$(item)", "$(item.k)", "$(index)"), weight: 2 },
    { arbitrary: name.map((other) => `$(tasks.${other}.status)`), weight: 2 },
    {
      arbitrary: fc
        .tuple(name, fc.constantFrom("r", "r", "q"))
        .map(([other, result]) => `$(tasks.${other}.results.${result})`),
      weight: 2,
    },
  );
  const list = fc.oneof(
    fc.constantFrom<Fields>(
      { items: [{ k: 1 }, { k: 2 }] },
      { items: ["p"] },
      { range: { end: 2 } },
      { matrix: { k: ["1"] } },
      { items: [] },
    ),
    name.map((other): Fields => ({ result: `$(tasks.${other}.results.r)` })),
  );
  const entry: fc.Arbitrary<Made> = fc.record(
    {
      name,
      forEach: list,
      results: fc.constant([{ name: "r" }]),
      text: fc.array(reference, { maxLength: 2 }),
      sub: fc.constantFrom(true, false, false),
      // Mostly few, or hardly any definition would be right.
      dependsOn: fc.oneof(fc.constant([]), fc.uniqueArray(name, { maxLength: 3 })),
    },
    { requiredKeys: ["name", "text", "dependsOn"] },
  );
  interface Made {
    readonly name: string;
    readonly text: readonly string[];
    readonly dependsOn: readonly string[];
    readonly forEach?: Fields;
    readonly results?: readonly Fields[];
    readonly sub?: boolean;
  }
  const entryOf = ({ text, sub, results, dependsOn, ...fields }: Made, isFinally: boolean): Fields => ({
    ...fields,
    ...(isFinally || dependsOn.length === 0 ? {} : { dependsOn }),
    ...(sub === true ? { workflowRef: { name: "other", params: { p: text.join(" ") } } } : env(text.join(" "))),
    ...(sub === true || results === undefined ? {} : { results }),
  });
  /** Names once, and dependencies backwards only: most of what is drawn would be wrong otherwise. */
  const tidied = (all: readonly Made[]): readonly Made[] => {
    const once = [...new Map(all.map((one) => [one.name, one])).values()];
    return once.map((one, index) => {
      const before = once.slice(0, index).map((other) => other.name);
      const named = one.dependsOn.filter((other) => before.includes(other));
      return { ...one, dependsOn: named.length === 0 ? before : named, text: one.text.slice(0, 1) };
    });
  };
  const definitions = fc
    .tuple(
      fc.array(entry, { minLength: 1, maxLength: 5 }),
      fc.array(entry, { maxLength: 1 }),
      fc.constantFrom(true, true, false),
    )
    .map(([tasks, last, isTidy]) => {
      const kept = isTidy ? tidied(tasks) : tasks;
      const others = isTidy ? last.filter((one) => !kept.some((other) => other.name === one.name)) : last;
      return {
        params: [{ name: "x", default: "1" }],
        tasks: kept.map((one) => entryOf(one, false)),
        finally: others.map((one) => entryOf(one, true)),
      };
    });

  it("have problems exactly where an obvious reading finds some, and compile without", () => {
    fc.assert(
      fc.property(definitions, (definition) => {
        // oxlint-disable-next-line typescript/consistent-type-assertions -- it has the shape of one
        const spec = definition as unknown as WorkflowSpec;
        const found = problemsOf(definition);

        expect([found, isRight(spec)]).toEqual([found.length === 0 ? [] : found, found.length === 0]);
        if (found.length === 0) {
          const { nodes } = compileGraph(spec);
          const edges = spec.tasks.map((task) => task.dependsOn ?? []);
          expect(nodes.map((node) => node.dependsOn.map((index) => nodes[index]?.name))).toEqual([
            ...edges,
            ...(spec.finally ?? []).map(() => []),
          ]);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("are right and wrong often enough for that to mean something", () => {
    // oxlint-disable-next-line typescript/consistent-type-assertions -- it has the shape of one
    const sample = fc
      .sample(definitions, { numRuns: 2000, seed: 1 })
      .map((one) => isRight(one as unknown as WorkflowSpec));
    const right = sample.filter(Boolean).length;

    expect(Math.min(right, sample.length - right)).toBeGreaterThan(150);
  });
});

/** By the words of the API page, without any care for time. */
function isRight(spec: WorkflowSpec): boolean {
  const last: readonly TaskSpec[] = spec.finally ?? [];
  const all = [...spec.tasks, ...last];
  const upstream = (name: string, known: Set<string>): ReadonlySet<string> => {
    for (const other of all.find((task) => task.name === name)?.dependsOn ?? []) {
      if (!known.has(other)) upstream(other, known.add(other));
    }
    return known;
  };
  return (
    hasUniqueNames(all) &&
    spec.tasks.every((task) =>
      (task.dependsOn ?? []).every((other) => spec.tasks.some(({ name }) => name === other)),
    ) &&
    spec.tasks.every((task) => !upstream(task.name, new Set()).has(task.name)) &&
    all.every((task) => {
      const isLast = last.includes(task);
      const known = isLast ? new Set(spec.tasks.map(({ name }) => name)) : upstream(task.name, new Set());
      return textsOf(task).every((text) => isKnown(text, task, { isLast, known, all }));
    })
  );
}

/** No two TaskRuns of the first rounds, and no two sub-workflow runs, have one name, nor may one inside a sub-workflow have it. */
function hasUniqueNames(all: readonly TaskSpec[]): boolean {
  const made = all.flatMap((task) => {
    const { forEach } = task;
    const total =
      forEach === undefined
        ? 0
        : (forEach.items?.length ?? forEach.range?.end ?? (forEach.matrix === undefined ? 5 : 1));
    const indexes = forEach === undefined ? [undefined] : Array.from({ length: total }, (_, index) => index);
    const kind = task.workflowRef === undefined ? "TaskRun" : "WorkflowRun";
    return indexes.flatMap((index) => [0, 1, 2].map((round) => `${kind} ${childName("run", task.name, index, round)}`));
  });
  const isInside = all.some(
    ({ name, workflowRef }) => workflowRef !== undefined && all.some((other) => other.name.startsWith(`${name}-`)),
  );
  return !isInside && new Set(made).size === made.length && new Set(all.map(({ name }) => name)).size === all.length;
}

function textsOf(task: TaskSpec): readonly string[] {
  const text = JSON.stringify([task.template, task.workflowRef, task.forEach?.result]);
  return [...text.matchAll(/(?<!\$)\$\((params|item|index|tasks|run)[^)]*\)/g)].map(([found]) => found.slice(2, -1));
}

interface Around {
  readonly isLast: boolean;
  readonly known: ReadonlySet<string>;
  readonly all: readonly TaskSpec[];
}

function isKnown(reference: string, task: TaskSpec, { isLast, known, all }: Around): boolean {
  const [kind, name, what, result] = reference.split(".");
  if (kind === "params") return name === "x";
  if (kind === "run") return name === "ds" || isLast;
  if (kind === "index") return task.forEach !== undefined;
  if (kind === "item") return isElement(name, task);
  if (!known.has(name ?? "")) return false;
  return (
    what === "status" || all.find((one) => one.name === name)?.results?.some((one) => one.name === result) === true
  );
}

function isElement(key: string | undefined, { forEach }: TaskSpec): boolean {
  if (forEach === undefined || key === undefined) return forEach !== undefined;
  const { items, matrix, result } = forEach;
  return result !== undefined || matrix !== undefined || (items !== undefined && !items.includes("p"));
}
