import { describe, expect, it } from "vitest";
import { aTaskRun } from "../../testing/make.ts";
import { aSpec, tasksOf } from "../../testing/workflows/specs.ts";
import { aState } from "../../testing/workflows/state.ts";
import { openSeen } from "./advance.ts";
import { compileGraph } from "./graph.ts";
import { observe, partsOf, stateOf, stop } from "./progress.ts";
import { restore } from "./restore.ts";
import type { Children, RunState } from "./runstate.ts";

const [list, load] = tasksOf("list", "load:list");
const spec = aSpec([
  { ...list, name: "list", results: [{ name: "files" }] },
  { ...load, name: "load", dependsOn: ["list"], forEach: { result: "$(tasks.list.results.files)" } },
]);
const graph = compileGraph(spec);

/** Read back after the first of its parts was made, and before anything of that was written down. */
function readBack(): RunState {
  const { progress } = restore(graph, { states: "S." });
  observe(progress, { node: 1, part: 0 }, "Succeeded");
  return aState(spec, { progress, stopped: "Cancelled" });
}

function listing(files: string): Children {
  const taskRun = aTaskRun({ name: "sales-1-list", status: { phase: "Succeeded", results: { files } } });
  return { taskRun: (name) => (name === taskRun.name ? taskRun : undefined), run: () => undefined };
}

describe("a mapped task of which some TaskRuns were made and no list was written down", () => {
  it("is Cancelled by a stop, with all its parts, although the part that was made succeeded", () => {
    const state = readBack();
    openSeen(state, listing('["x","y","z"]'));
    stop(state.progress);

    const parts = partsOf(state.progress, 1);
    expect([0, 1, 2].map((part) => parts?.stateAt(part))).toEqual(["Succeeded", "Cancelled", "Cancelled"]);
    expect(stateOf(state.progress, 1)).toBe("Cancelled");
  });

  it("counts the parts that are known where nobody can tell the list any more", () => {
    const state = readBack();
    openSeen(state, { taskRun: () => undefined, run: () => undefined });
    stop(state.progress);

    expect(partsOf(state.progress, 1)?.total).toBe(1);
  });
});
