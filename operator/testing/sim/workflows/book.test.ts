import { describe, expect, it } from "vitest";
import type { Stored } from "../objects.ts";
import { Books, resetBy, type RunBook } from "./book.ts";
import type { RunRetry, WorkflowSpec } from "./objects.ts";

const META = { namespace: "default", resourceVersion: "1", creationTimestamp: "" };
const API = "stint.dev/v1alpha1";

class Library {
  readonly books: Books = new Books();
  #version = 0;

  constructor(spec: WorkflowSpec) {
    const data = { spec };
    const revision = {
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: { ...META, name: "rev", uid: "rev" },
    };
    this.#note("controllerrevisions", { ...revision, data } as Stored);
  }

  run(status: object = {}, retry?: RunRetry): RunBook {
    const metadata = { ...META, name: "run", uid: "run" };
    const spec = { workflowRef: { name: "w" }, retry };
    const run = { apiVersion: API, kind: "WorkflowRun", metadata, spec, status: { revision: "rev", ...status } };
    this.#note("workflowruns", run);
    this.books.noteStatus(run as never);
    const book = this.books.runs.get("run");
    if (book === undefined) throw new Error("no book of the run");
    return book;
  }

  /** "task" or "task[part]@round". */
  task(place: string, phase: string | undefined, results?: Readonly<Record<string, string>>, kind = "TaskRun"): void {
    const [, task = "", index, round] = /^(\w+)(?:\[(\d+)\])?(?:@(\d+))?$/.exec(place) ?? [];
    const labels = {
      "stint.dev/task": task,
      ...(index !== undefined && { "stint.dev/index": index }),
      ...(round !== undefined && { "stint.dev/round": round }),
    };
    const ownerReferences = [{ apiVersion: API, kind: "WorkflowRun", name: "run", uid: "run", controller: true }];
    const metadata = { ...META, name: place, uid: place, labels, ownerReferences };
    const object = { apiVersion: API, kind, metadata, ...(phase && { status: { phase, results } }) };
    this.#note(kind === "TaskRun" ? "taskruns" : "workflowruns", object, phase === undefined);
  }

  #note(resource: "taskruns" | "workflowruns" | "controllerrevisions", object: Stored, isGone = false): void {
    const type = isGone ? "DELETED" : "MODIFIED";
    const key = `default/${object.metadata.name}`;
    this.books.note({ version: ++this.#version, type, resource, key, object, before: undefined, by: "operator" });
  }
}

const CHAIN: WorkflowSpec = {
  tasks: [
    { name: "a" },
    { name: "m", dependsOn: ["a"], forEach: { range: { end: 2 } } },
    { name: "z", dependsOn: ["m"] },
  ],
  finally: [{ name: "end" }],
};

describe("the book of a run", () => {
  it("keeps how each part ended, also after its TaskRun is gone", () => {
    const library = new Library(CHAIN);
    const book = library.run();
    library.task("a", "Succeeded", { rows: "1" });
    library.task("m[0]", "Running");
    expect([book.part("a", 0), book.part("m", 0), book.part("m", 1)]).toMatchObject([
      { letter: "S", results: { rows: "1" } },
      { letter: "R" },
      { letter: "." },
    ]);
    library.task("a", undefined);
    library.task("m[0]", undefined);
    expect([book.part("a", 0), book.part("m", 0)]).toMatchObject([{ letter: "S", unclear: true }, { letter: "F" }]);
  });

  it("begins anew what a retry resets, and keeps the parts that succeeded", () => {
    const library = new Library(CHAIN);
    library.run();
    library.task("a", "Succeeded");
    library.task("m[0]", "Succeeded");
    library.task("m[1]", "Failed");
    const book = library.run({ phase: "Failed", states: "SFUS" });
    library.run({ states: "S...", retry: { id: "1", round: 1 } }, { id: "1" });
    expect([...book.kept.letters]).toEqual([["a", "S"]]);
    expect([book.part("m", 0).letter, book.part("m", 1).letter]).toEqual(["S", "."]);
    library.task("m[1]@1", "Succeeded");
    expect(book.reading()?.verdict("z")).toBe("run");
  });

  it("waits for a failed sub-workflow to retry by itself", () => {
    const library = new Library({ tasks: [{ name: "s", workflowRef: { name: "sub" } }] });
    library.run();
    library.task("s", "Failed", undefined, "WorkflowRun");
    const book = library.run({ phase: "Failed", states: "F" });
    library.run({ states: ".", retry: { id: "1", round: 1 } }, { id: "1" });
    expect(book.part("s", 0).letter).toBe(".");
  });
});

describe("a retry of", () => {
  const read = (states: string): ReturnType<RunBook["reading"]> => new Library(CHAIN).run({ states }).reading();
  it.each([
    ["what failed", "SFUS", { scope: "Failed", tasks: [] }, "m z end"],
    ["what failed, when all succeeded", "SSSS", { scope: "Failed", tasks: [] }, ""],
    ["finally alone", "SSSF", { scope: "Failed", tasks: [] }, "end"],
    ["one task", "SSSS", { scope: "Tasks", tasks: ["m"] }, "m end"],
    ["one task and what follows", "SSSS", { scope: "TasksAndDownstream", tasks: ["m"] }, "m z end"],
    ["a skipped one below a failed one", "FKSS", { scope: "Failed", tasks: [] }, "a m end"],
  ])("%s", (_case, states, wish, want) => {
    const reading = read(states);
    expect(reading && [...resetBy(reading, wish)].join(" ")).toBe(want);
  });
});
