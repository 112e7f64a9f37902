/**
 * What the operator's events must satisfy: E1, one for each attempt of a TaskRun and one for each end of a WorkflowRun at most, sent once,
 * after the status that it tells of.
 */
import type { ApiRequest } from "../../api/port.ts";
import { routeOf } from "./apiserver/resources.ts";
import type { Change, Store } from "./apiserver/store.ts";
import { isRecord, isTerminalPhase, type TaskRun } from "./objects.ts";
import type { Problem } from "./statusrules.ts";

type Fields = Readonly<Record<string, unknown>>;

export class EventRules {
  readonly #store: Store;
  /** The events sent for each TaskRun, by its uid: names. */
  readonly #sent = new Map<string, Set<string>>();
  /** The newest attempt whose end a status of the TaskRun has recorded: compaction takes it away again. */
  readonly #recorded = new Map<string, number>();

  /** How often a WorkflowRun has ended: a retry lets it end again. */
  readonly #ends = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** To be called with every change of a WorkflowRun. */
  noteRun({ object, before }: Change): void {
    const [is, was] = [object, before].map((one) => isTerminalPhase((one as TaskRun | undefined)?.status?.phase));
    const { uid } = object.metadata;
    if (is && !was) this.#ends.set(uid, (this.#ends.get(uid) ?? 0) + 1);
  }

  /** To be called with every state of a TaskRun. */
  note({ metadata, status }: TaskRun): void {
    const newest = status?.attempts?.at(-1)?.number ?? 0;
    this.#recorded.set(metadata.uid, Math.max(newest, this.#recorded.get(metadata.uid) ?? 0));
  }

  /** To be called with every event that the operator sends. */
  sent(request: ApiRequest): Problem | undefined {
    const body = isRecord(request.body) ? request.body : {};
    const [regarding, metadata] = [Object(body["regarding"]) as Fields, Object(body["metadata"]) as Fields];
    const [uid, name] = [String(regarding["uid"]), String(metadata["name"])];
    const names = this.#sent.get(uid) ?? new Set();
    if (names.has(name)) return wrong(`${name} is sent twice`);
    this.#sent.set(uid, names.add(name));
    if (regarding["kind"] === "WorkflowRun") {
      const ends = this.#ends.get(uid) ?? 0;
      return names.size > ends
        ? wrong(`${names.size} events of a run that has ended ${ends} times: ${name}`)
        : undefined;
    }
    const key = `${routeOf(request.path)?.namespace}/${String(regarding["name"])}`;
    const taskRun = this.#store.get("taskruns", key) as TaskRun | undefined;
    const isOver = taskRun?.metadata.uid === uid && isTerminalPhase(taskRun.status?.phase);
    // One more for an end without an attempt: the pod was refused, or it was cancelled before the next one.
    const most = (this.#recorded.get(uid) ?? 0) + (isOver || taskRun?.metadata.uid !== uid ? 1 : 0);
    if (names.size > most)
      return wrong(`${names.size} events of ${key}, of which ${most} attempts are known to have ended`);
    return undefined;
  }
}

function wrong(message: string): Problem {
  return { rule: "E1 OneEventPerAttempt", message };
}
