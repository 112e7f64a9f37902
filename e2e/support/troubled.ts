/** A TaskRun on a real node that gets into trouble: its operator, what it leaves as evidence, and what a user reads. */
import type { TestContext } from "vitest";
import type { TaskRunSpec } from "../../operator/api/types.ts";
import type { Breakable } from "./breakable.ts";
import { Evidence } from "./evidence.ts";
import { isOver, reasonOf, type TaskRun } from "./objects.ts";
import type { Operator } from "./operator.ts";
import { Room } from "./room.ts";
import { operatorForTest } from "./running.ts";
import { poll } from "./waiting.ts";

/** A test is over long before. */
const STORY_LIMIT_MS = 600_000;
const GRACE_SECONDS = 5;
/** Kubernetes gives a pod five minutes on a node that is not ready; a test has less time. */
const TOLERATED_SECONDS = 1;

/** No failure of the task's own is forgiven: whatever is tried again was not its fault. */
const RETRY = { limit: 0, infrastructureLimit: 3, backoff: { initialSeconds: 0 } };

/** What a test wants otherwise. */
export interface Trouble {
  readonly spec?: Partial<TaskRunSpec>;
  /** Of the pod. */
  readonly podSpec?: Readonly<Record<string, unknown>>;
  /** Of the main container. */
  readonly requests?: Readonly<Record<string, string>>;
}

/** Where a task runs. */
interface Place {
  readonly name: string;
  /** As long as this node takes pods. */
  readonly node: string;
  /** Else here; on no third one, which may be in trouble for another test. */
  readonly refuge: string;
}

/** A pod that is told to go as soon as its node counts as lost. */
export const IMPATIENT: Trouble = {
  podSpec: {
    tolerations: ["unreachable", "not-ready"].map((what) => ({
      key: `node.kubernetes.io/${what}`,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: TOLERATED_SECONDS,
    })),
  },
};

/** How a task ended, and which of its attempts ran at once. */
interface Outcome {
  readonly phase: TaskRun["status"]["phase"];
  readonly overlaps: readonly string[];
}

/** What is to become of a task, whatever happened to its nodes. */
export const WELL: Outcome = { phase: "Succeeded", overlaps: [] };

export class Troubled {
  readonly name: string;
  readonly room: Room;
  readonly evidence: Evidence;
  /** The pod of the first attempt, which runs. */
  readonly pod: string;
  readonly #test: TestContext;
  readonly #story: { readonly printed: () => string };
  #operator: Operator;

  private constructor(
    parts: { name: string; room: Room; evidence: Evidence; pod: string; story: { readonly printed: () => string } },
    test: TestContext,
    operator: Operator,
  ) {
    this.name = parts.name;
    this.room = parts.room;
    this.evidence = parts.evidence;
    this.pod = parts.pod;
    this.#story = parts.story;
    this.#test = test;
    this.#operator = operator;
  }

  /** Runs a task on the node, in a namespace and with an operator of its own. */
  static async start(
    test: TestContext,
    access: Breakable,
    { name, node, refuge }: Place,
    trouble: Trouble = {},
  ): Promise<Troubled> {
    const room = await Room.open(test, access);
    const operator = await operatorForTest(test, [`--namespaces=${room.namespace}`], access.kubeconfig).ready();
    const evidence = await Evidence.open(test);
    const story = room.kubectl.follow(["get", "taskruns", "--output=wide", "--watch"], STORY_LIMIT_MS);
    test.onTestFinished(story.end);
    const template = { spec: { ...podSpec(evidence, access.image, { node, refuge }, trouble) } };
    await room.create(name, { template, retry: RETRY, ...trouble.spec });
    const { status } = await room.running(name);
    if (status.nodeName !== node)
      throw new Error(`the pod of ${name} is on ${status.nodeName ?? "no node"}, not on ${node}`);
    const pod = status.podName ?? "";
    await evidence.runs(pod);
    return new Troubled({ name, room, evidence, pod, story }, test, operator);
  }

  async killOperator(): Promise<void> {
    await this.#operator.kill();
  }

  async startOperator(): Promise<void> {
    const flags = [`--namespaces=${this.room.namespace}`];
    this.#operator = await operatorForTest(this.#test, flags, this.room.access.kubeconfig).ready();
  }

  /** Removes the object of its first pod at once, whether its containers have ended or not. */
  async deletePodByForce(): Promise<void> {
    await this.room.kubectl.run(["delete", "pod", this.pod, "--grace-period=0", "--force"]);
  }

  /** Sets `onUnknownFate: Retry`, as somebody does who knows that the pod has ended. */
  async allowRetry(): Promise<void> {
    await this.room.kubectl.run([
      "patch",
      "taskrun",
      this.name,
      "--type=merge",
      '-p={"spec":{"onUnknownFate":"Retry"}}',
    ]);
  }

  /** Waits until the second attempt runs. */
  async retried(): Promise<TaskRun> {
    const isSecond = ({ status }: TaskRun): boolean => status.attempt === 2 && status.phase === "Running";
    return await this.room.see(this.name, isSecond, { what: "attempt 2 to run" });
  }

  /** Waits until nobody can say whether its pod still runs. */
  async fateUnknown(): Promise<TaskRun> {
    return await this.room.see(this.name, (one) => reasonOf(one) === "UnknownFate", { what: "reason UnknownFate" });
  }

  /** Lets the attempt that runs end well. */
  async finish(): Promise<Outcome> {
    await this.evidence.finish();
    const { status } = await this.room.see(this.name, isOver, { what: "its end" });
    return { phase: status.phase, overlaps: await this.evidence.overlaps() };
  }

  /** Waits until `kubectl get taskruns --watch` has printed such a line: `STATUS REASON: MESSAGE`. */
  async told(line: RegExp): Promise<void> {
    const look = (): Promise<true | undefined> =>
      Promise.resolve(this.#lines().some((one) => line.test(one)) || undefined);
    await poll(look, { what: `kubectl to print ${line}`, limitMs: 10_000 }).catch((error: unknown) => {
      throw new Error(`${String(error)}; it printed:\n${this.#lines().join("\n")}`, { cause: error });
    });
  }

  /** Columns are at least three blanks apart, and those in the middle may be empty. */
  #lines(): readonly string[] {
    const rows = this.#story
      .printed()
      .split("\n")
      .filter((row) => row.startsWith(`${this.name} `));
    return rows.map((row) => {
      const [, status = "", reason = "", ...rest] = row.trimEnd().split(/ {3,}/);
      return `${status} ${reason}: ${rest.at(-1) ?? ""}`;
    });
  }
}

function podSpec(
  evidence: Evidence,
  image: string,
  { node, refuge }: Omit<Place, "name">,
  trouble: Trouble,
): Readonly<Record<string, unknown>> {
  const { containers, volumes } = evidence.podSpec(image);
  const [main] = containers;
  const resources = trouble.requests && { resources: { requests: trouble.requests, limits: trouble.requests } };
  const oneOf = (...values: readonly string[]): object => ({
    matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values }],
  });
  return {
    terminationGracePeriodSeconds: GRACE_SECONDS,
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [oneOf(node, refuge)] },
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: oneOf(node) }],
      },
    },
    containers: [{ ...main, ...resources }],
    volumes,
    ...trouble.podSpec,
  };
}
