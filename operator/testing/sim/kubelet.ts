/**
 * The kubelets of all nodes. Each pod on a node has one worker here, with its own idea of what runs; the API server
 * hears of it late, in status writes of the order a real kubelet uses. A worker outlives its API object: after a forced
 * deletion the containers run on for a while.
 */
import { PODS } from "./apiserver/resources.ts";
import type { Change } from "./apiserver/store.ts";
import {
  type ContainerState,
  type ContainerStatus,
  keyOf,
  mainContainerOf,
  type Pod,
  podEnded,
  type PodStatus,
  timestamp,
} from "./objects.ts";
import type { Random } from "./random.ts";
import type { PodScript } from "./script.ts";
import { span } from "./ground.ts";
import type { Site } from "./site.ts";

const NAME = "kubelet";
/** From a change in the API to the worker that acts on it. */
const NOTICE_MS = [5, 150] as const;
const START_MS = [30, 300] as const;
/** From what happened to a status in the API; a real kubelet batches about this long. */
const REPORT_MS = [5, 600] as const;
const REMOVE_MS = [5, 200] as const;

const KILLED = 137;

/** Starts the kubelets. */
export function startKubelets(site: Site): void {
  const workers = new Map<string, Worker>();
  const random = site.random.fork(NAME);
  site.server.store.listen((change) => {
    if (change.resource !== "pods") return;
    const pod = change.object as Pod;
    if (pod.spec?.nodeName === undefined || change.by === NAME) return;
    site.clock.after(span(site, random, NOTICE_MS), () => notice(change));
  });
  // Levels, not edges: notices may overtake each other, so only the newest state counts.
  const notice = ({ key, object }: Pick<Change, "key" | "object">): void => {
    const { uid } = object.metadata;
    const worker = workers.get(uid);
    const pod = site.server.store.get("pods", key) as Pod | undefined;
    if (!site.nodes.isUp((object as Pod).spec?.nodeName ?? "")) return;
    if (pod?.metadata.uid !== uid) worker?.stop("removed");
    // What is over in the API is never started.
    else if (worker === undefined && podEnded(pod)) return;
    else if (worker === undefined) workers.set(uid, new Worker(site, pod, random.fork(uid)));
    else if (pod.metadata.deletionTimestamp !== undefined) worker.stop("deleted");
  };
  const on = (name: string): Worker[] => [...workers.values()].filter((worker) => worker.node === name);
  site.nodes.listen({
    powerLost: (name) => {
      for (const worker of on(name)) worker.losePower();
    },
    // Its first list shows what is there, and by that what is there no longer.
    back: (name) => {
      for (const worker of on(name)) worker.comeBack();
      for (const object of site.server.store.values("pods")) {
        if ((object as Pod).spec?.nodeName === name) notice({ key: keyOf(object), object });
      }
    },
  });
}

/** The memory limit of the main container in MiB; Infinity: it has none. */
function memoryMi(pod: Pod): number {
  const main = pod.spec?.containers.find(({ name }) => name === mainContainerOf(pod));
  const limit = main?.resources?.limits?.["memory"];
  return limit === undefined ? Number.POSITIVE_INFINITY : Number.parseInt(limit, 10);
}

type ContainerRun =
  | { readonly at: "waiting"; readonly reason: string }
  | { readonly at: "running"; readonly since: string }
  | { readonly at: "ended"; readonly since: string | null; readonly until: string | null; readonly exit: Exit };

interface Exit {
  readonly code: number;
  readonly reason: string;
  readonly message?: string;
}

/**
 * One pod on its node.
 * - preparing: containers wait for their image; leaves by start or by a stop.
 * - running: at least one container runs or none has been told to stop; leaves when all have ended, or by a stop.
 * - stopping: every running container has been asked to end.
 * - ended: nothing runs; the final status is written, then, if the pod is being deleted, it is removed.
 */
class Worker {
  readonly node: string;
  readonly #site: Site;
  readonly #random: Random;
  readonly #key: string;
  readonly #uid: string;
  readonly #main: string | undefined;
  readonly #script: Required<PodScript>;
  /** The main container gets less memory than it needs. */
  readonly #oom: boolean;
  readonly #containers = new Map<string, ContainerRun>();
  readonly #startTime: string;
  #state: "preparing" | "running" | "stopping" | "ended" = "preparing";
  /** The API object is known to be gone: nothing to report to. */
  #gone = false;
  #evicted = false;
  #reportPlanned = false;

  constructor(site: Site, pod: Pod, random: Random) {
    this.#site = site;
    this.#random = random;
    this.node = pod.spec?.nodeName ?? "";
    this.#key = keyOf(pod);
    this.#uid = pod.metadata.uid;
    this.#main = mainContainerOf(pod);
    this.#script = site.scriptFor(pod);
    this.#oom = this.#script.oom || memoryMi(pod) < this.#script.needsMi;
    this.#startTime = timestamp(site.clock.wallMs);
    for (const { name } of pod.spec?.containers ?? []) {
      this.#containers.set(name, { at: "waiting", reason: "ContainerCreating" });
    }
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.stop("deleted");
      return;
    }
    this.#report();
    this.#prepare();
  }

  /** deleted: the API asks for a graceful end. removed: the API object is gone. evicted: the node needs room. */
  stop(cause: "deleted" | "removed" | "evicted"): void {
    if (cause === "removed") this.#gone = true;
    const before = this.#state;
    // What is being stopped anyway is not evicted as well.
    if (cause === "evicted" && (before === "stopping" || before === "ended")) return;
    if (cause === "evicted") this.#evicted = true;
    if (before === "ended") {
      this.#report();
      return;
    }
    if (before === "stopping") return;
    this.#state = "stopping";
    if (before === "preparing") {
      // As a real kubelet: what never ran is reported as ended with an unknown state.
      const exit = { code: KILLED, reason: "ContainerStatusUnknown" };
      for (const name of this.#containers.keys()) {
        this.#containers.set(name, { at: "ended", since: null, until: null, exit });
      }
      this.#settle();
      return;
    }
    this.#site.clock.after(this.#script.stopMs, () => this.#endAll());
  }

  /** Nothing runs on without power; the kubelet finds that out when it starts again. */
  losePower(): void {
    for (const name of this.#containers.keys()) this.#end(name, { code: 255, reason: "Unknown" });
  }

  comeBack(): void {
    const current = this.#site.server.store.get("pods", this.#key) as Pod | undefined;
    if (current?.metadata.uid !== this.#uid) this.stop("removed");
    else if (this.#state !== "preparing") this.#report();
    else if (podEnded(current)) this.stop("deleted");
    else this.#prepare();
  }

  get #down(): boolean {
    return !this.#site.nodes.isUp(this.node);
  }

  #prepare(): void {
    const { pullFailsMs } = this.#script;
    const startMs = span(this.#site, this.#random, START_MS);
    if (pullFailsMs > 0) {
      this.#site.clock.after(startMs, () => {
        if (this.#state !== "preparing" || this.#down) return;
        for (const name of this.#containers.keys()) {
          this.#containers.set(name, { at: "waiting", reason: "ImagePullBackOff" });
        }
        this.#report();
      });
    }
    if (pullFailsMs !== Number.POSITIVE_INFINITY) {
      this.#site.clock.after(startMs + pullFailsMs + 1, () => this.#start());
    }
  }

  #start(): void {
    if (this.#state !== "preparing" || this.#down) return;
    this.#state = "running";
    this.#site.trace.note(NAME, `starts ${this.#key}`);
    const { runMs, exitCode, says, sidecarMs, evictedAfterMs } = this.#script;
    for (const name of this.#containers.keys()) {
      this.#containers.set(name, { at: "running", since: timestamp(this.#site.clock.wallMs) });
      this.#site.truth.containerStarted(this.#uid, name);
      const mine = name === this.#main;
      const forMs = mine ? runMs : sidecarMs;
      const own = this.#oom
        ? { code: KILLED, reason: "OOMKilled" }
        : { ...exitOf(exitCode), ...(says && { message: says }) };
      if (Number.isFinite(forMs)) this.#site.clock.after(forMs, () => this.#end(name, mine ? own : exitOf(0)));
    }
    if (Number.isFinite(evictedAfterMs))
      this.#site.clock.after(evictedAfterMs, () => {
        if (!this.#down) this.stop("evicted");
      });
    this.#report();
  }

  #end(name: string, exit: Exit): void {
    const run = this.#containers.get(name);
    if (run?.at !== "running") return;
    const until = timestamp(this.#site.clock.wallMs);
    this.#containers.set(name, { at: "ended", since: run.since, until, exit });
    this.#site.truth.containerEnded(this.#uid, name);
    this.#site.trace.note(NAME, `${this.#key} container ${name} ends with ${exit.code} (${exit.reason})`);
    this.#settle();
  }

  #endAll(): void {
    const stopped = this.#evicted ? KILLED : this.#script.stopCode;
    for (const name of this.#containers.keys()) this.#end(name, exitOf(name === this.#main ? stopped : 143));
  }

  #settle(): void {
    if ([...this.#containers.values()].every((run) => run.at === "ended")) this.#state = "ended";
    this.#report();
  }

  /** Plans one status write; what happens until then goes into the same write. */
  #report(): void {
    if (this.#reportPlanned || this.#gone) return;
    this.#reportPlanned = true;
    this.#site.clock.after(span(this.#site, this.#random, REPORT_MS), () => {
      this.#reportPlanned = false;
      this.#write();
    });
  }

  #write(): void {
    if (this.#down) return;
    const { server, clock, random } = this.#site;
    const which = { key: this.#key, uid: this.#uid, by: NAME };
    const written = server.amend(PODS, which, (pod) => ({ ...pod, status: this.#status(pod as Pod) }));
    if (written !== undefined) this.#site.trace.note(NAME, `reports ${this.#key} ${summary(written as Pod)}`);
    const current = server.store.get("pods", this.#key);
    const deleting = current?.metadata.uid === this.#uid && current.metadata.deletionTimestamp !== undefined;
    // The order matters: the end is in the API before the object goes.
    if (this.#state === "ended" && deleting) {
      clock.after(span(this.#site, random, REMOVE_MS), () => this.#remove());
    }
  }

  #remove(): void {
    if (this.#down) return;
    const [namespace, name] = this.#key.split("/");
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const body = { gracePeriodSeconds: 0, preconditions: { uid: this.#uid } };
    const { status } = this.#site.server.handle({ method: "DELETE", path, body, timeoutMs: 0 }, NAME);
    if (status === 200) this.#site.trace.note(NAME, `removes ${this.#key}`);
  }

  #status(pod: Pod): PodStatus {
    const runs = [...this.#containers.values()];
    const main = this.#containers.get(this.#main ?? "");
    const ended = this.#state === "ended";
    const failed = this.#evicted || runs.some((run) => run.at === "ended" && run.exit.code !== 0);
    const running = runs.some((run) => run.at !== "waiting");
    const phase = ended ? (failed ? "Failed" : "Succeeded") : running ? "Running" : "Pending";
    const evicted = ended && this.#evicted;
    return {
      ...pod.status,
      phase,
      ...(evicted ? { reason: "Evicted", message: "The node was low on resource: memory." } : {}),
      startTime: this.#startTime,
      conditions: this.#conditions(pod, main?.at === "running"),
      containerStatuses: [...this.#containers].map(([name, run]) => containerStatus(name, run)),
    };
  }

  #conditions(pod: Pod, ready: boolean): NonNullable<PodStatus["conditions"]> {
    const others = (pod.status?.conditions ?? []).filter(
      ({ type }) => type === "PodScheduled" || type === "DisruptionTarget",
    );
    const lastTransitionTime = this.#startTime;
    const target = { type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet", lastTransitionTime };
    const disrupted = this.#evicted && !others.some(({ type }) => type === "DisruptionTarget") ? [target] : [];
    return [...others, ...disrupted, { type: "Ready", status: ready ? "True" : "False", lastTransitionTime }];
  }
}

function exitOf(code: number): Exit {
  return { code, reason: code === 0 ? "Completed" : "Error" };
}

function containerStatus(name: string, run: ContainerRun): ContainerStatus {
  const running = run.at === "running";
  const known = { name, image: "sim", imageID: "", restartCount: 0, ready: running, started: running };
  return { ...known, state: stateOf(run) };
}

function stateOf(run: ContainerRun): ContainerState {
  switch (run.at) {
    case "waiting":
      return { waiting: { reason: run.reason } };
    case "running":
      return { running: { startedAt: run.since } };
    case "ended": {
      const { code: exitCode, ...words } = run.exit;
      return { terminated: { exitCode, ...words, startedAt: run.since, finishedAt: run.until } };
    }
  }
}

function summary({ status }: Pod): string {
  const states = (status?.containerStatuses ?? []).map(({ name, state }) => `${name}=${Object.keys(state).join("")}`);
  return `${status?.phase ?? ""} ${status?.reason ?? ""} ${states.join(" ")}`;
}
