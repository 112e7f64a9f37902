/** Several operators beside each other, of which one works: who is who, and what each of them wrote. */
import type { TestContext } from "vitest";
import type { AuditEntry } from "../cluster/cluster.ts";
import { operatorWrites } from "./audit.ts";
import type { Operator } from "./operator.ts";
import type { Room } from "./room.ts";
import { operatorForTest } from "./running.ts";

/** Short, so that nobody waits long; long enough that a busy machine does not take a living leader for a dead one. */
export const LEASE_SECONDS = 6;

export class Replica {
  readonly operator: Operator;
  readonly #room: Room;

  private constructor(operator: Operator, room: Room) {
    this.operator = operator;
    this.#room = room;
  }

  /** Starts one that works in the room only, and keeps its Lease there. */
  static start(test: TestContext, room: Room, kubeconfig?: string): Replica {
    const { namespace } = room;
    const lease = ["--leader-election", `--lease-namespace=${namespace}`, `--lease-duration=${LEASE_SECONDS}s`];
    const operator = operatorForTest(test, [`--namespaces=${namespace}`, ...lease], kubeconfig);
    return new Replica(operator, room);
  }

  /** Two of them, the first of which leads. */
  static async pair(test: TestContext, room: Room, kubeconfig?: string): Promise<readonly [Replica, Replica]> {
    const first = Replica.start(test, room, kubeconfig);
    await first.leads();
    const second = Replica.start(test, room);
    await second.operator.logged("stands by");
    await first.operator.ready();
    return [first, await second.ready()];
  }

  async ready(): Promise<this> {
    await this.operator.ready();
    return this;
  }

  /** Waits until it leads; says why it could. */
  async leads(): Promise<string> {
    return String((await this.operator.logged("leads"))["because"]);
  }

  /** As the Lease names it. */
  get identity(): string {
    const line = this.operator.log.find(({ identity }) => identity !== undefined);
    return String(line?.["identity"]);
  }

  /** Waits for its end by itself: the exit code, and why it says it lost the lease. */
  async lost(): Promise<{ readonly code: number | string; readonly why: string }> {
    const code = await this.operator.ended();
    const line = this.operator.log.find(({ message }) => message.startsWith("the lease is lost"));
    return { code, why: String(line?.["why"]) };
  }

  /** All that it wrote into the room, oldest first, whatever the answer was; `work` is all but the Lease. */
  async writes(): Promise<{ readonly lease: readonly AuditEntry[]; readonly work: readonly AuditEntry[] }> {
    const all = await operatorWrites(this.#room.access.dir ?? "", this.#room.namespace);
    const own = all.filter(({ userAgent }) => userAgent?.includes(this.identity));
    const isLease = ({ objectRef }: AuditEntry): boolean => objectRef?.resource === "leases";
    return { lease: own.filter(isLease), work: own.filter((entry) => !isLease(entry)) };
  }
}

/** When the API server got it. */
export function arrivalMs(entry: AuditEntry | undefined): number {
  return Date.parse(entry?.requestReceivedTimestamp ?? "");
}
