/** One simulated cluster with one operator in it, or two replicas of it, from the first event to the proof that all is quiet. */
import { forbidden } from "./apiserver/failure.ts";
import { PODS, TASKRUNS } from "./apiserver/resources.ts";
import { ApiServer } from "./apiserver/server.ts";
import { WatchHub } from "./apiserver/watch.ts";
import { SimClock } from "./clock.ts";
import { type Chaos, planChaos } from "./chaos.ts";
import type { FaultClass, FaultSource } from "./faults.ts";
import { machinesSleep, NO_FAULTS } from "./faults.ts";
import { Fencing, LEASE_NAMESPACE } from "./fencing.ts";
import { Fleet } from "./fleet.ts";
import { startGarbageCollector } from "./garbage.ts";
import { Invariants } from "./invariants.ts";
import { startKubelets } from "./kubelet.ts";
import { SimNodes } from "./nodes.ts";
import { attemptOf, controllerOf, isTerminalPhase, type Pod, type Stored, type TaskRun } from "./objects.ts";
import { keyOfPlan, manifestOf, scriptsOf, type TaskRunPlan } from "./plan.ts";
import { Random } from "./random.ts";
import { startScheduler } from "./scheduler.ts";
import { ORDINARY, scriptOf, type Scripts } from "./script.ts";
import type { Ground } from "./ground.ts";
import type { Site } from "./site.ts";
import { planTemplate } from "./templates.ts";
import { Trace } from "./trace.ts";
import { Truth } from "./truth.ts";
import { answerUnknownFates, planActs, submit } from "./users.ts";
import { Violation } from "./violation.ts";
import { unrested } from "./workflows/ends.ts";
import { keyOfWorkflow, placeOf, scriptsAt, type WorkflowPlan } from "./workflows/plan.ts";
import { countOfPlan, planWorkflow } from "./workflows/users.ts";
import type { WorldPlan } from "./worldplan.ts";

const LAG_VERSIONS_MAX = 30;

/** Everything in one run. */
export class World {
  readonly plan: WorldPlan;
  readonly clock: SimClock;
  readonly trace: Trace;
  readonly truth: Truth = new Truth();
  readonly server: ApiServer;
  readonly hub: WatchHub;
  readonly invariants: Invariants;
  readonly fleet: Fleet;
  /** Where there are replicas. */
  readonly fencing: Fencing | undefined;
  violation: Violation | undefined;
  /** Requests sent when all looked finished. */
  busyCount = 0;
  #chaos = true;
  #quotaUntilMs = 0;
  readonly #random: Random;
  readonly #faults: FaultSource;
  readonly #site: Site;
  readonly #plans: ReadonlyMap<string, TaskRunPlan>;
  readonly workflowPlans: ReadonlyMap<string, WorkflowPlan>;
  readonly #squatted = new Set<string>();
  #uncreated: number;

  constructor(plan: WorldPlan) {
    this.plan = plan;
    this.#random = new Random(plan.seed);
    this.clock = new SimClock(this.#random.fork("ties"));
    this.trace = new Trace({ now: () => this.clock.now, print: plan.print });
    this.#plans = new Map(plan.taskRuns.map((taskRun) => [keyOfPlan(taskRun), taskRun]));
    const { workflows = [] } = plan;
    this.workflowPlans = new Map(workflows.map((workflow) => [keyOfWorkflow(workflow), workflow]));
    this.#uncreated = workflows.reduce((count, workflow) => count + countOfPlan(workflow), plan.taskRuns.length);
    this.#faults = plan.faults(this.#random.fork("faults"));
    const lag = this.#random.fork("lag");
    this.server = new ApiServer({
      nowMs: () => this.clock.wallMs,
      random: this.#random.fork("uids"),
      namespaces: ["default", "team-a", LEASE_NAMESPACE],
      policies: [(object, by) => this.#squat(object, by), (object, by) => this.#refuse(object, by)],
      reads: {
        lagVersions: () => (this.#strikes("staleReads", lag, 5) ? lag.int(1, LAG_VERSIONS_MAX) : 0),
        pageItemsMax: plan.pageItemsMax,
        expires: () => this.#strikes("gone", lag, 3),
      },
    });
    this.fencing = plan.pair && this.#fencing();
    this.invariants = new Invariants({
      store: this.server.store,
      truth: this.truth,
      fencing: this.fencing,
      nowMs: () => this.clock.wallMs,
      aheadMs: () => this.fleet.aheadMsMax,
      fail: (rule, message) => this.fail(rule, message),
    });
    const gone = this.#random.fork("gone");
    this.hub = new WatchHub(this.server, {
      initialEvents: plan.initialEvents,
      goneAs: () => (gone.chance(0.5) ? "status" : "event"),
      after: (delayMs, run) => this.clock.after(delayMs, run),
      random: this.#random.fork("hub"),
    });
    this.fleet = this.#fleet();
    const ground: Ground = {
      clock: this.clock,
      server: this.server,
      trace: this.trace,
      truth: this.truth,
      random: this.#random.fork("site"),
      scriptFor: (pod) => this.#scriptFor(pod),
      slowness: plan.slowness,
    };
    this.#site = { ...ground, nodes: new SimNodes(ground) };
    this.#begin();
  }

  /** Notes a broken promise; the first one counts and ends the run after the current step. */
  fail(rule: string, message: string): void {
    if (this.violation !== undefined) return;
    this.trace.note("VIOLATION", `${rule}: ${message}`);
    this.violation = new Violation({
      rule,
      message,
      seed: this.plan.seed,
      virtualMs: this.clock.now,
      lastLines: this.trace.lastLines,
      replay: this.plan.replay,
    });
  }

  get chaos(): boolean {
    return this.#chaos;
  }

  /** Everything has reached its end, as far as the world can see. */
  settled(): boolean {
    if (this.#chaos || this.#uncreated > 0 || this.fleet.leader === undefined || !this.fleet.complete) return false;
    for (const object of this.server.store.values("taskruns")) if (!rests(object as TaskRun)) return false;
    if (unrested(this.server.store).length > 0) return false;
    if (this.truth.anyAlive || !this.#site.nodes.allUp || this.invariants.aftermath.left().length > 0) return false;
    for (const pod of this.server.store.values("pods")) if (pod.metadata.deletionTimestamp !== undefined) return false;
    return true;
  }

  #begin(): void {
    startScheduler(this.#site);
    startKubelets(this.#site);
    startGarbageCollector(this.#site);
    answerUnknownFates(this.#site);
    for (const workflow of this.workflowPlans.values()) planWorkflow(this.#site, workflow, () => this.#uncreated--);
    for (const taskRun of this.plan.taskRuns) {
      planActs(this.#site, keyOfPlan(taskRun), {
        acts: taskRun.acts ?? [],
        manifest: manifestOf(taskRun),
        recreate: () => submit(this.#site, manifestOf(taskRun)) === 201,
      });
      if (taskRun.base !== undefined) planTemplate(this.#site, keyOfPlan(taskRun), taskRun.base);
      this.clock.after(taskRun.createAtMs ?? 0, () => {
        this.#uncreated--;
        const code = submit(this.#site, manifestOf(taskRun));
        this.trace.note("user", `creates ${keyOfPlan(taskRun)} -> ${code}`);
      });
    }
    for (const replica of this.fleet.replicas) this.clock.wake(0, () => this.fleet.start(replica));
    const { pair } = this.plan;
    if (pair?.stopAtMs !== undefined) this.clock.wake(pair.stopAtMs, () => this.#stopLeader());
    this.clock.after(this.plan.chaosMs, () => this.#freeze());
    if (this.plan.rates !== undefined) this.#planChaos();
  }

  #stopLeader(): void {
    const replica = this.fleet.replicas.find(({ link }) => link !== undefined && link === this.fleet.leader);
    if (replica !== undefined) this.fleet.stop(replica, () => this.fleet.planRestart(replica));
  }

  #freeze(): void {
    this.#chaos = false;
    this.#quotaUntilMs = 0;
    this.trace.note("world", "faults end");
    this.fleet.healAll();
  }

  #fleet(): Fleet {
    return new Fleet({
      plan: this.plan,
      clock: this.clock,
      trace: this.trace,
      server: this.server,
      hub: this.hub,
      random: this.#random,
      fencing: this.fencing,
      faults: () => (this.#chaos ? this.#faults : NO_FAULTS),
      checkRequest: (link, request) => this.invariants.checkRequest(link, request),
      fail: (rule, message) => this.fail(rule, message),
    });
  }

  #fencing(): Fencing {
    return new Fencing({
      clock: this.clock,
      store: this.server.store,
      fail: (rule, message) => this.fail(rule, message),
      note: (text) => this.trace.note("lease", text),
      alive: () => this.fleet.links,
    });
  }

  #planChaos(): void {
    const { clock, server, hub, fleet, trace } = this;
    const chaos: Chaos = {
      clock,
      server,
      hub,
      fleet,
      trace,
      sleeps: machinesSleep(this.plan.rates),
      goesOn: () => this.#chaos,
      strikes: (name, random, factor) => this.#strikes(name, random, factor),
      refuseNewFor: (ms) => {
        this.#quotaUntilMs = clock.now + ms;
      },
    };
    planChaos(chaos, this.#random.fork("chaos"));
  }

  #strikes(name: FaultClass, random: Random, factor: number): boolean {
    return random.next() < (this.plan.rates?.[name] ?? 0) * factor && this.#chaos;
  }

  #scriptFor(pod: Pod): ReturnType<typeof scriptOf> {
    const plan = this.#planOf(pod);
    const scripts = plan === undefined ? this.#scriptsOfTask(pod) : scriptsOf(plan);
    return scripts === undefined ? ORDINARY : scriptOf(scripts, attemptOf(pod) ?? 1);
  }

  /** Of the task of a workflow that the pod's TaskRun is. */
  #scriptsOfTask(pod: Pod): Scripts | undefined {
    const { namespace } = pod.metadata;
    const taskRun = this.server.store.get("taskruns", `${namespace}/${controllerOf(pod)?.name}`) as TaskRun | undefined;
    const place = placeOf(taskRun);
    const plan = place && this.workflowPlans.get(`${namespace}/${place.workflow}`);
    return plan && scriptsAt(plan, place);
  }

  #planOf(pod: Stored): TaskRunPlan | undefined {
    const controller = controllerOf(pod);
    if (controller?.kind !== "TaskRun") return undefined;
    return this.#plans.get(`${pod.metadata.namespace}/${controller.name}`);
  }

  /** A stranger's pod under our name, a moment before ours. */
  #squat(pod: Stored, by: string): undefined {
    if (pod.kind !== "Pod") return;
    const plan = this.#planOf(pod);
    if (by !== "operator" || plan?.stranger !== true || this.#squatted.has(plan.name)) return;
    this.#squatted.add(plan.name);
    const { name, namespace } = pod.metadata;
    const spec = { containers: [{ name: "other", image: "registry.example/other:1" }], restartPolicy: "Never" };
    const body = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace, labels: pod.metadata.labels }, spec };
    const path = `/api/v1/namespaces/${namespace}/pods`;
    this.trace.note("stranger", `takes the name ${namespace}/${name}`);
    this.server.handle({ method: "POST", path, body, timeoutMs: 0 }, "stranger");
  }

  #refuse(object: Stored, by: string): ReturnType<typeof forbidden> | undefined {
    const { name } = object.metadata;
    const isPod = object.kind === "Pod";
    if (by !== "operator" || (!isPod && object.kind !== "TaskRun")) return undefined;
    if (isPod && this.#planOf(object)?.forbidden === true) {
      const why =
        'violates PodSecurity "restricted:latest": privileged (container "main" must not set securityContext.privileged=true)';
      return forbidden(PODS, name, why);
    }
    if (this.clock.now >= this.#quotaUntilMs) return undefined;
    const counted = isPod ? "pods" : "count/taskruns.stint.dev";
    const why = `exceeded quota: objects, requested: ${counted}=1, used: ${counted}=5, limited: ${counted}=5`;
    return forbidden(isPod ? PODS : TASKRUNS, name, why);
  }
}

/** At its end, or suspended for good. */
function rests({ metadata, spec, status }: TaskRun): boolean {
  const suspended = spec?.suspend === true && status?.phase === "Suspended";
  return metadata.deletionTimestamp === undefined && (suspended || isTerminalPhase(status?.phase));
}
