/** The workflow of the demo, from apply to end, as a tree that grows. */
import { join } from "node:path";
import { Client } from "../support/client.ts";
import { runMessage, type Workflow, type WorkflowRun } from "../support/flows.ts";
import type { Kubectl } from "../support/kubectl.ts";
import { taskRunsPath, type List, type TaskRun } from "../support/objects.ts";
import { states } from "../support/waiting.ts";
import { draw, flat, treeOf, type Seen, type TreeNode } from "./tree.ts";

const FILE = "manifests/samples/workflows/orders.yaml";
const ROOT = join(import.meta.dirname, "../..");
const WORKFLOW = "orders";
/** What each of its tasks, and the one of finally, has to come to. */
const STATES = "SSSSS";
/** It takes 15 s; the rest is for a busy machine. */
const LIMIT_MS = 180_000;
/** Wide enough for this workflow, so that lines printed at different times stay aligned. */
const WIDTHS = { path: 21, state: 9, duration: 8 };
const GAP = "   ";
const UP_AND_CLEAR = (lines: number): string => (lines === 0 ? "" : `\u001b[${lines}A\u001b[0J`);

interface Stage {
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  readonly interrupt: AbortSignal;
  readonly say: (line: string) => void;
}

/** Returns what went wrong, in sentences. */
export async function runWorkflow({ kubeconfig, kubectl, interrupt, say }: Stage): Promise<readonly string[]> {
  say(`\n$ kubectl apply -f ${FILE}`);
  say(await kubectl.run(["apply", "-f", join(ROOT, FILE)]));
  const room = new Namespace(new Client(kubeconfig), kubectl.namespace);
  const show = liveTree(say);
  const end = AbortSignal.any([interrupt, AbortSignal.timeout(LIMIT_MS)]);
  await room.follow(end, (seen) => {
    const run = runOf(seen);
    if (run !== undefined) show.news(treeOf(run, seen));
    return run?.status.completionTime !== undefined;
  });
  interrupt.throwIfAborted();
  const seen = await room.look();
  const run = runOf(seen);
  if (run !== undefined) show.whole(treeOf(run, seen));
  say("\n$ kubectl get workflowruns");
  say((await kubectl.attempt(["get", "workflowruns"])).stdout.trimEnd());
  const logs = ["logs", `--selector=stint.dev/workflow=${WORKFLOW},stint.dev/task in (load,clean-up)`];
  say(`\n$ kubectl logs -l '${logs[1]?.slice("--selector=".length) ?? ""}'`);
  say((await kubectl.attempt(logs)).stdout.trimEnd());
  return judgeRun(run);
}

/** What is not as it should be, in sentences. */
export function judgeRun(run: WorkflowRun | undefined): readonly string[] {
  if (run === undefined) return [`${WORKFLOW}: wanted a run, but there is none`];
  const { phase = "no phase", states: found = "none" } = run.status;
  if (phase === "Succeeded" && found === STATES) return [];
  return [`${run.metadata.name}: wanted Succeeded, tasks ${STATES}, saw ${phase}, tasks ${found}. ${runMessage(run)}`];
}

function runOf({ runs }: Seen): WorkflowRun | undefined {
  return runs.find((run) => run.spec.workflowRef.name === WORKFLOW);
}

/** What there is of workflows in a namespace. */
class Namespace {
  readonly #client: Client;
  readonly #paths: { readonly workflows: string; readonly runs: string; readonly taskRuns: string };

  constructor(client: Client, namespace: string) {
    this.#client = client;
    const all = `/apis/stint.dev/v1alpha1/namespaces/${namespace}`;
    this.#paths = { workflows: `${all}/workflows`, runs: `${all}/workflowruns`, taskRuns: taskRunsPath(namespace) };
  }

  async look(): Promise<Seen> {
    const [workflows, runs, taskRuns] = await Promise.all([
      this.#client.call<List<Workflow>>("GET", this.#paths.workflows),
      this.#client.call<List<WorkflowRun>>("GET", this.#paths.runs),
      this.#client.call<List<TaskRun>>("GET", this.#paths.taskRuns),
    ]);
    return { workflows: workflows.items, runs: runs.items, taskRuns: taskRuns.items };
  }

  /** Tells of every change, until it is told that this is enough. */
  async follow(signal: AbortSignal, tell: (seen: Seen) => boolean): Promise<void> {
    const enough = new AbortController();
    const end = AbortSignal.any([signal, enough.signal]);
    let seen = await this.look();
    const told = (change: Partial<Seen>): void => {
      seen = { ...seen, ...change };
      if (tell(seen)) enough.abort();
    };
    const runs = async (): Promise<void> => {
      for await (const all of states<WorkflowRun>(this.#client, this.#paths.runs, end))
        told({ runs: [...all.values()] });
    };
    const taskRuns = async (): Promise<void> => {
      for await (const all of states<TaskRun>(this.#client, this.#paths.taskRuns, end))
        told({ taskRuns: [...all.values()] });
    };
    await Promise.all([runs(), taskRuns()]);
  }
}

interface LiveTree {
  readonly news: (tree: TreeNode) => void;
  readonly whole: (tree: TreeNode) => void;
}

/** On a terminal the tree itself, in place; elsewhere a line for each task that changed, and the tree at the end. */
function liveTree(say: (line: string) => void): LiveTree {
  const { stdout } = process;
  const known = new Map<string, string>();
  let drawn = 0;
  const redraw = (tree: TreeNode): void => {
    const lines = draw(tree);
    stdout.write(`${UP_AND_CLEAR(drawn)}${lines.join("\n")}\n`);
    drawn = lines.length;
  };
  const news = (tree: TreeNode): void => {
    let changed = false;
    for (const [path, { state, duration, reason }] of flat(tree)) {
      const cells = [path.padEnd(WIDTHS.path), state.padEnd(WIDTHS.state), duration.padEnd(WIDTHS.duration), reason];
      const gist = cells.join(GAP).trimEnd();
      if (known.get(path) === gist) continue;
      known.set(path, gist);
      changed = true;
      if (!stdout.isTTY && state !== "Pending") say(gist);
    }
    if (stdout.isTTY && changed) redraw(tree);
  };
  const whole = (tree: TreeNode): void => {
    if (stdout.isTTY) redraw(tree);
    else say(`\n${draw(tree).join("\n")}`);
  };
  return { news, whole };
}
