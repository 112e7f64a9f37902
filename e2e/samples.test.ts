/** manifests/samples/ as a user applies them. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { judge, SAMPLES } from "./demo/samples.ts";
import { isOver, taskRunsPath, type TaskRun } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";
import { untilAll } from "./support/waiting.ts";

const FOLDER = join(import.meta.dirname, "../manifests/samples");

operatorForFile();

it("every sample ends as its comment says", async (test) => {
  needs(test, "real nodes");
  const room = await Room.open(test);
  await room.kubectl.run(["apply", "-f", FOLDER]);
  const allOver = (seen: ReadonlyMap<string, TaskRun>): boolean =>
    seen.size === SAMPLES.length && [...seen.values()].every(isOver);
  const seen = await untilAll(room.client, taskRunsPath(room.namespace), allOver, { what: "all samples to end" });

  expect(judge(seen)).toEqual([]);
  expect(await room.kubectl.run(["logs", "--selector=stint.dev/taskrun=succeed"])).toContain("done");
  expect(await room.kubectl.attempt(["diff", "-f", FOLDER])).toMatchObject({ code: 0, stdout: "" });
});
