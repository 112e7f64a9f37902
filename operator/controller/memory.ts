/** What is remembered of a TaskRun between passes; losing it (a restart) costs a repeated question, never a wrong answer. */
import type { Progress } from "../act/status.ts";
import { REFUSAL_PAUSE_MAX_MS } from "../api/action.ts";
import type { Action, Refusal, StopRefusal } from "../api/action.ts";
import type { Port } from "../api/port.ts";
import type { TaskRunRecord } from "../api/records.ts";

export type CreatePod = Action & { readonly kind: "CreatePod" };
export type DeletePod = Action & { readonly kind: "DeletePod" };

export interface Memory extends Progress {
  refusal?: Refusal;
  refusals: number;
  /** Creates of the next pod that failed in a row without a word about the pod itself. */
  failedCreates: number;
  /** The last pod that the server did not let us delete. */
  stopRefused?: StopRefusal;
  stale?: Stale;
  /** A create of which nobody can say whether it was done. */
  unsure?: { readonly action: CreatePod; readonly lost: boolean };
}

/** A conflict told us that the server has a newer copy than the store: no use asking again before the store has it too. */
export interface Stale {
  readonly resource: "taskruns" | "pods";
  readonly uid: string;
  readonly version: string;
  readonly sinceMs: number;
  readonly renewed: boolean;
}

/** The first pause after the server refused a pod for now (quota, rights), doubled each time. */
const REFUSED_FIRST_MS = 1000;

export class Memories {
  readonly #port: Port;
  readonly #byUid = new Map<string, Memory>();

  constructor(port: Port) {
    this.#port = port;
  }

  /** What is remembered, if anything is. */
  known(uid: string): Memory | undefined {
    return this.#byUid.get(uid);
  }

  /** A memory to write to. */
  of(uid: string): Memory {
    const known = this.#byUid.get(uid) ?? { said: "", since: 0, refusals: 0, failedCreates: 0 };
    this.#byUid.set(uid, known);
    return known;
  }

  drop(uid: string): void {
    this.#byUid.delete(uid);
  }

  /** The pod is there: what kept it from being made is over. */
  created(uid: string): void {
    const memory = this.of(uid);
    memory.refusals = 0;
    memory.failedCreates = 0;
    delete memory.refusal;
  }

  /** Not asked again before a pause that grows with each refusal of the same TaskRun as it is now. */
  refused({ uid, generation }: TaskRunRecord, attempt: number, refusal: Pick<Refusal, "kind" | "message">): void {
    const { clock, random } = this.#port;
    const memory = this.of(uid);
    memory.refusals = memory.refusal?.generation === generation ? memory.refusals + 1 : 1;
    const pause = Math.min(REFUSED_FIRST_MS * 2 ** (memory.refusals - 1) * (1 + random()), REFUSAL_PAUSE_MAX_MS);
    memory.refusal = { ...refusal, attempt, generation, retryAt: clock.now() + pause };
  }
}
