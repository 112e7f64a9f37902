/** What the demo shows, from a cluster that runs to the samples' ends. */
import { join } from "node:path";
import type { Access } from "../support/access.ts";
import { Client } from "../support/client.ts";
import { Kubectl } from "../support/kubectl.ts";
import { taskRunsPath, type TaskRun } from "../support/objects.ts";
import { Operator } from "../support/operator.ts";
import { states } from "../support/waiting.ts";
import { runWorkflow } from "./flow.ts";
import { judge, SAMPLES } from "./samples.ts";
import { liveTable } from "./table.ts";

const NAMESPACE = "stint-demo";
/** Tells the demo's namespace from one that somebody else gave that name. */
const LABEL = "stint.dev/demo";
const FOLDER = "manifests/samples";
const ROOT = join(import.meta.dirname, "../..");
/** The samples take 15 s; the rest is for a given cluster that pulls an image first. */
const LIMIT_MS = 300_000;
/** Ours, whichever of them are there. */
const CRDS = ["get", "crd", "--selector=app.kubernetes.io/part-of=stint", "--output=name"];

type Say = (line: string) => void;

/** Returns whether every sample ended as it should. Leaves the cluster as it was. */
export async function show(access: Access, interrupt: AbortSignal, say: Say): Promise<boolean> {
  const kubectl = new Kubectl(access, NAMESPACE);
  const before = await names(kubectl);
  await makeNamespace(kubectl, say);
  const operator = Operator.start(access.kubeconfig, ["--install-crds", `--namespaces=${NAMESPACE}`]);
  try {
    say("\nstarting the operator: node dist/operator.cjs --install-crds");
    await operator.ready();
    say(`it is ready (process ${operator.pid})\n`);
    const stage = { access, kubectl, interrupt, say };
    const wrong = [
      ...(await runSamples(stage)),
      ...(await runWorkflow({ kubeconfig: access.kubeconfig, kubectl, interrupt, say })),
    ];
    await sayCost(operator, say);
    if (wrong.length === 0) {
      sayWhatNext(access, say);
      return true;
    }
    say(`\nNOT AS IT SHOULD BE\n${wrong.join("\n")}\n\nthe operator's log ends with:\n${operator.tail()}`);
    return false;
  } finally {
    // A cluster that stays gets back what it had; our own goes away as a whole.
    if (access.stays) await kubectl.attempt(["delete", "namespace", NAMESPACE, "--timeout=50s"]);
    await operator.stop();
    const own = (await names(kubectl)).filter((name) => !before.includes(name));
    if (access.stays && own.length > 0) await kubectl.attempt(["delete", ...own]);
  }
}

/** The definitions of our kinds that the cluster has. */
async function names(kubectl: Kubectl): Promise<readonly string[]> {
  return (await kubectl.attempt(CRDS)).stdout.split("\n").filter((name) => name !== "");
}

/** A demo that was killed on a cluster that stays has left its namespace there; anybody else's is not touched. */
async function makeNamespace(kubectl: Kubectl, say: Say): Promise<void> {
  const own = [`--selector=${LABEL}=true`, `--field-selector=metadata.name=${NAMESPACE}`];
  const said = await kubectl.run(["delete", "namespaces", ...own, "--timeout=50s"]);
  if (said.includes("deleted")) say(`removed the namespace ${NAMESPACE}, which an earlier demo had left`);
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE, labels: { [LABEL]: "true" } } };
  const { code, stderr } = await kubectl.attempt(["create", "-f", "-"], { input: namespace });
  if (code === 0) return;
  if (!stderr.includes("AlreadyExists")) throw new Error(`the namespace ${NAMESPACE} cannot be made: ${stderr}`);
  throw new Error(
    `there is a namespace ${NAMESPACE}, and no demo made it. If nobody needs what is in it, ` +
      `kubectl delete namespace ${NAMESPACE}, then try again`,
  );
}

interface Stage {
  readonly access: Access;
  readonly kubectl: Kubectl;
  readonly interrupt: AbortSignal;
  readonly say: Say;
}

/** Returns what went wrong, in sentences. */
async function runSamples({ access, kubectl, interrupt, say }: Stage): Promise<readonly string[]> {
  say(`$ kubectl apply -f ${FOLDER}/`);
  say(await kubectl.run(["apply", "-f", join(ROOT, FOLDER)]));
  say("$ kubectl get taskruns --watch");
  const end = AbortSignal.any([interrupt, AbortSignal.timeout(LIMIT_MS)]);
  const draw = liveTable(kubectl);
  let seen: ReadonlyMap<string, TaskRun> = new Map();
  for await (const taskRuns of states<TaskRun>(new Client(access.kubeconfig), taskRunsPath(NAMESPACE), end)) {
    seen = taskRuns;
    await draw();
    if (SAMPLES.every(({ name }) => isOver(seen.get(name)))) break;
  }
  interrupt.throwIfAborted();
  await showDetails({ kubectl, say });
  return judge(seen);
}

function isOver(taskRun: TaskRun | undefined): boolean {
  return taskRun?.status.completionTime !== undefined;
}

async function showDetails({ kubectl, say }: Pick<Stage, "kubectl" | "say">): Promise<void> {
  for (const sample of ["succeed", "retry"]) {
    const logs = ["logs", `--selector=stint.dev/taskrun=${sample}`, "--prefix"];
    say(`\n$ kubectl ${logs.join(" ")}`);
    const { stdout, stderr } = await kubectl.attempt(logs);
    say((stdout || stderr).trimEnd());
  }
  const columns = "NAME:.metadata.name,MESSAGE:.status.conditions[0].message";
  say(`\n$ kubectl get taskruns -o custom-columns=${columns}`);
  say((await kubectl.attempt(["get", "taskruns", "-o", `custom-columns=${columns}`])).stdout.trimEnd());
}

async function sayCost(operator: Operator, say: Say): Promise<void> {
  const writes = await operator.metric("stint_api_requests_total").catch(() => undefined);
  const memory = await operator.metric("process_resident_memory_bytes").catch(() => undefined);
  if (writes === undefined || memory === undefined) return;
  say(
    `\nthe operator made ${writes} calls to the API server for all this, and uses ${Math.round(memory / 2 ** 20)} MiB`,
  );
}

function sayWhatNext(access: Access, say: Say): void {
  say(`
Every sample ended as it should. Try next:

  make up                                         a cluster that stays; export the KUBECONFIG it prints
  make run                                        the operator on it, in a second terminal
  kubectl apply -f ${FOLDER}/             the same samples
  kubectl get taskruns -o wide --watch            and their story
  kubectl apply -f ${FOLDER}/workflows/   more workflows
  kubectl get workflowruns -o wide --watch        and theirs
  kubectl explain workflow.spec.tasks             every field explains itself
  make down                                       stop and remove the cluster
`);
  if (!access.stays) say("removing the demo's cluster");
}
