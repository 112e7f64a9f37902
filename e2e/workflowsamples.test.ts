/** manifests/samples/workflows/ as a user applies them: each run comes to the end its comment promises. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { Flows, runMessage, storyOf, type WorkflowRun } from "./support/flows.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";

const FOLDER = join(import.meta.dirname, "../manifests/samples/workflows");

/** How the first run of a sample has to end: phase, reason and states, and what its tasks have said by then. */
interface Ending {
  /** Of the Workflow that is run; the file's own name unless given. */
  readonly workflow?: string;
  readonly story: string;
  readonly logs: Readonly<Record<string, RegExp>>;
}

const ENDINGS: Readonly<Record<string, Ending>> = {
  etl: { story: "Succeeded Succeeded SSS", logs: { load: /^total order value: 1236\.70$/m } },
  mapreduce: {
    story: "Succeeded Succeeded SSS",
    logs: { "count-2": /^part 2 counts the letters of reduce$/m, sum: /^12 letters$/m },
  },
  matrix: {
    story: "Succeeded Succeeded SS",
    logs: { "build-0": /for amd64 with Go 1\.25$/m, "build-3": /^build 3: for arm64 with Go 1\.26$/m },
  },
  branch: {
    story: "Succeeded Succeeded SKSS",
    logs: { large: /^a large machine is needed$/m, join: /^small: Skipped, large: Succeeded$/m },
  },
  deploy: {
    story: "Succeeded Succeeded SFUSSS",
    logs: {
      deploy: /^1\.4\.2 is on its way to staging$/m,
      "roll-back": /^1\.4\.2 is taken back$/m,
      tell: /^the check has Failed, the run has Succeeded$/m,
    },
  },
  subworkflow: {
    workflow: "sales",
    story: "Succeeded Succeeded SS",
    logs: { "ship-0-pack": /^packing for de$/m, "ship-1-send": /^sent to fr on \d{4}-\d{2}-\d{2}$/m },
  },
  orders: {
    story: "Succeeded Succeeded SSSSS",
    logs: {
      "transform-1": /^europe is part 1$/m,
      load: /^loaded \["100","200","300"\]$/m,
      "receipts-send": /^receipts of \d{4}-\d{2}-\d{2} are sent$/m,
      "clean-up": /^the run has Succeeded, the scratch files are gone$/m,
    },
  },
};

operatorForFile();

it("every sample of a workflow has a test here", () => {
  const tested = [...Object.keys(ENDINGS), "retry"].map((name) => `${name}.yaml`);
  expect(tested.toSorted()).toEqual(readdirSync(FOLDER).toSorted());
});

describe.concurrent("the sample of a workflow", () => {
  it.for(Object.entries(ENDINGS))(
    "%s ends as its comment says",
    async ([name, { workflow = name, story, logs }], test) => {
      const { flows, room, run } = await applied(test, name, workflow);

      expect(storyOf(run)).toBe(story);
      for (const [task, words] of Object.entries(logs)) expect(await flows.log(run.metadata.name, task)).toMatch(words);
      expect(await room.kubectl.attempt(["diff", "-f", file(name)])).toMatchObject({ code: 0, stdout: "" });
    },
  );

  it("retry goes on from the failed task once that can succeed", async (test) => {
    const { flows, room, run } = await applied(test, "retry", "retry");
    expect(storyOf(run)).toBe("Failed TaskFailed SFU");
    expect(runMessage(run)).toContain(
      "First failure: load: ExitCode: Container main ended with exit code 1: there are no prices",
    );
    await room.kubectl.run(["create", "configmap", "prices", "--from-literal=factor=3"]);
    const { name } = run.metadata;
    const patch = '{"spec":{"retry":{"id":"prices-are-there"}}}';
    await room.kubectl.run(["patch", "workflowrun", name, "--type=merge", "-p", patch]);
    const again = await flows.over(name, { round: 1 });

    expect(storyOf(again)).toBe("Succeeded Succeeded SSS");
    expect(await flows.log(name, "load-r1")).toMatch(/^loaded 42$/m);
    expect(await flows.taskNames(name)).toEqual(["extract", "load", "load-r1", "report-r1"]);
  });
});

interface Applied {
  readonly flows: Flows;
  readonly room: Room;
  readonly run: WorkflowRun;
}

/** The run that applying the sample has started, at its end. */
async function applied(test: TestContext, name: string, workflow: string): Promise<Applied> {
  needs(test, "real nodes");
  const room = await Room.open(test);
  const flows = new Flows(room);
  await room.kubectl.run(["apply", "-f", file(name)]);
  const { metadata } = await flows.runOf(workflow);
  return { flows, room, run: await flows.over(metadata.name) };
}

function file(name: string): string {
  return join(FOLDER, `${name}.yaml`);
}
