/**
 * How much memory the stores need for each TaskRun under way: `make bench-memory`, which lets Node collect its garbage. The
 * objects are as large as a real API server sends them, read as text, as off the wire, and decoded by the product.
 */
import { decodePod } from "../operator/api/pod.ts";
import type { PodRecord, TaskRunRecord } from "../operator/api/records.ts";
import { decodeTaskRun } from "../operator/api/taskrun.ts";
import { podName } from "../operator/decide/childname.ts";
import { Store } from "../operator/watch/store.ts";

const TASK_RUNS = 10_000;
/** What a TaskRun under way may cost, its pod included. */
const TARGET_BYTES = 2048;

const STAGES = ["running", "failed once, running again", "succeeded", "running, of a workflow"] as const;
type Stage = (typeof STAGES)[number];

main();

function main(): void {
  if (globalThis.gc === undefined) throw new Error("start it with make bench-memory (node --expose-gc)");
  process.stdout.write(`heap bytes per TaskRun, of ${TASK_RUNS.toLocaleString("en")}:\n`);
  for (const stage of STAGES) {
    const taskRuns = measured(() => storeOf(taskRunText(stage), decodeTaskRun));
    const pods = measured(() => storeOf(podText(stage), decodePod));
    const sum = taskRuns + pods;
    const verdict = sum <= TARGET_BYTES ? "" : `  (more than ${TARGET_BYTES})`;
    process.stdout.write(`  ${stage.padEnd(28)} TaskRun ${taskRuns}, pod ${pods}, together ${sum}${verdict}\n`);
  }
}

function storeOf<R extends TaskRunRecord | PodRecord>(
  text: (index: number) => string,
  decode: (value: unknown) => R | undefined,
): Store<R> {
  const store = new Store<R>({ onChange: () => undefined });
  for (let index = 0; index < TASK_RUNS; index += 1) {
    const record = decode(JSON.parse(text(index)));
    if (record === undefined) throw new Error("the benchmark made an object that cannot be read");
    store.upsert(record);
  }
  return store;
}

/** Heap that what `make` returns holds, for each TaskRun. */
function measured(make: () => Store<TaskRunRecord> | Store<PodRecord>): number {
  const before = heapBytes();
  const made = make();
  const bytes = heapBytes() - before;
  if (made.size !== TASK_RUNS) throw new Error(`the store holds ${made.size} objects`);
  return Math.round(bytes / TASK_RUNS);
}

function heapBytes(): number {
  // Twice: what was only reachable from finalized objects goes with the second.
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function uidOf(kind: string, index: number): string {
  return `${kind}${String(index).padStart(7, "0")}-2d1f-4c7a-9a57-0f4b6c1d2e3f`;
}

function nameOf(index: number): string {
  return `nightly-sales-load-${index}`;
}

function taskRunText(stage: Stage): (index: number) => string {
  return (index) => {
    const retried = stage === "failed once, running again";
    const over = stage === "succeeded";
    const attempts = [
      ...(retried ? [anAttempt(index, 1, "ExitCode")] : []),
      ...(over ? [anAttempt(index, 1, "Succeeded")] : []),
    ];
    const number = retried ? 2 : 1;
    const said = over
      ? "The main container ended with exit code 0."
      : `Pod ${podOf(index, number)} runs on node ip-10-0-3-17.`;
    const phase = over ? "Succeeded" : "Running";
    return JSON.stringify({
      apiVersion: "stint.dev/v1alpha1",
      kind: "TaskRun",
      metadata: {
        ...metadataOf(index, nameOf(index), uidOf("a", index)),
        generation: 1,
        ...(stage === "running, of a workflow" && placeInRun(index)),
      },
      spec: {
        retry: { limit: 2 },
        activeDeadlineSeconds: 7200,
        rerun: "OnSpecChange",
        cancel: false,
        suspend: false,
        onUnknownFate: "Wait",
        template: { spec: podSpec(index) },
      },
      status: {
        phase,
        observedGeneration: 1,
        attempt: number,
        podName: podOf(index, number),
        podUID: uidOf("b", index),
        nodeName: `ip-10-0-3-${index % 250}.eu-central-1.compute.internal`,
        startTime: "2030-01-01T03:00:00Z",
        workHash: `8c1f00aa${String(index).padStart(8, "0")}`,
        ...(over && { completionTime: "2030-01-01T03:20:00Z", duration: "20m", exitCode: 0 }),
        ...(attempts.length > 0 && { attempts }),
        conditions: [
          {
            type: "Succeeded",
            status: over ? "True" : "Unknown",
            reason: phase,
            message: said,
            observedGeneration: 1,
            lastTransitionTime: "2030-01-01T03:00:00Z",
          },
        ],
      },
    });
  };
}

/** As decide/workflow/child.ts writes it. */
function placeInRun(index: number): object {
  const run = "nightly-sales-12-bcdfgh";
  const controller = { apiVersion: "stint.dev/v1alpha1", kind: "WorkflowRun", name: run, uid: uidOf("e", 1) };
  return {
    labels: {
      "stint.dev/workflow": "nightly-sales",
      "stint.dev/workflowrun": run,
      "stint.dev/task": "load-customers",
      "stint.dev/index": String(index),
    },
    annotations: {
      "stint.dev/data-interval-start": "2030-01-01T00:00:00Z",
      "stint.dev/data-interval-end": "2030-01-02T00:00:00Z",
    },
    ownerReferences: [{ ...controller, controller: true, blockOwnerDeletion: true }],
  };
}

function anAttempt(index: number, number: number, reason: string): object {
  return {
    number,
    podName: podOf(index, number),
    podUID: uidOf("c", index),
    nodeName: `ip-10-0-3-${index % 250}.eu-central-1.compute.internal`,
    reason,
    class: "Application",
    workHash: `8c1f00aa${String(index).padStart(8, "0")}`,
    exitCode: reason === "Succeeded" ? 0 : 3,
    ...(reason !== "Succeeded" && {
      message: "Container main ended with exit code 3: no rows in the table sales_2029.",
    }),
    startTime: "2030-01-01T03:00:00Z",
    completionTime: "2030-01-01T03:10:00Z",
  };
}

function podOf(index: number, number: number): string {
  return podName(nameOf(index), number, uidOf("a", index));
}

function metadataOf(index: number, name: string, uid: string): object {
  return {
    namespace: `team-${index % 20}`,
    name,
    uid,
    resourceVersion: String(5_000_000 + index),
    creationTimestamp: "2030-01-01T03:00:00Z",
    // Longer than all the rest, and never kept.
    managedFields: [{ manager: "kubectl", operation: "Apply", fieldsV1: { "f:spec": { "f:template": {} } } }],
  };
}

function podSpec(index: number): object {
  const resources = { requests: { cpu: "500m", memory: "512Mi" }, limits: { memory: "1Gi" } };
  const env = [
    { name: "REGION", value: "eu" },
    { name: "PART", value: String(index) },
  ];
  const command = ["python3", "-m", "sales.load", "--date=2030-01-01", `--part=${index}`];
  return { containers: [{ name: "main", image: "registry.example/sales:2030.1", command, env, resources }] };
}

function podText(stage: Stage): (index: number) => string {
  return (index) => {
    const number = stage === "failed once, running again" ? 2 : 1;
    const over = stage === "succeeded";
    const owner = {
      apiVersion: "stint.dev/v1alpha1",
      kind: "TaskRun",
      name: nameOf(index),
      uid: uidOf("a", index),
      controller: true,
      blockOwnerDeletion: true,
    };
    const times = { startedAt: "2030-01-01T03:00:05Z", finishedAt: "2030-01-01T03:20:00Z" };
    const state = over
      ? { terminated: { exitCode: 0, reason: "Completed", containerID: `containerd://${uidOf("d", index)}`, ...times } }
      : { running: { startedAt: times.startedAt } };
    const condition = (type: string): object => ({ type, status: "True", lastTransitionTime: "2030-01-01T03:00:01Z" });
    return JSON.stringify({
      metadata: {
        ...metadataOf(index, podOf(index, number), uidOf("b", index)),
        labels: { "stint.dev/taskrun": nameOf(index), "stint.dev/attempt": String(number) },
        annotations: { "stint.dev/work": `8c1f00aa${String(index).padStart(8, "0")}` },
        ownerReferences: [owner],
      },
      spec: {
        ...podSpec(index),
        nodeName: `ip-10-0-3-${index % 250}.eu-central-1.compute.internal`,
        tolerations: [
          { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
        ],
      },
      status: {
        phase: over ? "Succeeded" : "Running",
        conditions: ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition),
        podIP: "10.1.2.3",
        containerStatuses: [
          { name: "main", image: "registry.example/sales:2030.1", imageID: "sha256:0", restartCount: 0, state },
        ],
      },
    });
  };
}
