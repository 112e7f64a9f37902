/** What is remembered of a run under way; losing it (a restart) costs reading its definition and its children once more. */
import type { Resource } from "../api/paths.ts";
import type { Port } from "../api/port.ts";
import type { Step } from "../api/records.ts";
import type { RunState } from "../decide/workflow/runstate.ts";
import type { Blocked } from "../decide/workflow/verdict.ts";
import type { Mode } from "../decide/workflow/wishes.ts";

export interface RunMemory {
  readonly state: RunState;
  /** Children that have changed since they were last looked at, by name. */
  readonly changed: Map<string, Step>;
  /** Children that may have to be stopped, suspended or let go on, by name. */
  readonly toTell: Set<string>;
  mode: Mode;
  /** Children whose creation was not answered, by name: they may be there. */
  readonly unsure: Map<string, Resource>;
  /** The API server does not take children just now: not asked again before retryAt (milliseconds since 1970). */
  blocked?: Blocked & { readonly retryAt: number };
  refusals: number;
  /** When a status was last written, monotonic milliseconds, and what it said, in short. */
  writtenAt: number;
  said: string;
}

/** The first pause after the server refused a child for now (quota, rights), doubled each time. */
const REFUSED_FIRST_MS = 1000;
const REFUSED_MAX_MS = 60_000;

export class RunMemories {
  readonly #port: Port;
  readonly #byUid = new Map<string, RunMemory>();

  constructor(port: Port) {
    this.#port = port;
  }

  of(uid: string): RunMemory | undefined {
    return this.#byUid.get(uid);
  }

  begin(state: RunState): RunMemory {
    const memory: RunMemory = {
      state,
      changed: new Map(),
      toTell: new Set(),
      unsure: new Map(),
      mode: "run",
      refusals: 0,
      writtenAt: Number.NEGATIVE_INFINITY,
      said: "",
    };
    this.#byUid.set(state.run.uid, memory);
    return memory;
  }

  drop(uid: string): RunMemory | undefined {
    const memory = this.#byUid.get(uid);
    this.#byUid.delete(uid);
    return memory;
  }

  /** Not asked again before a pause that grows with each refusal in a row. */
  refused(memory: RunMemory, blocked: Blocked): void {
    const pause = Math.min(REFUSED_FIRST_MS * 2 ** memory.refusals * (1 + this.#port.random()), REFUSED_MAX_MS);
    memory.refusals = Math.min(memory.refusals + 1, 30);
    memory.blocked = { ...blocked, retryAt: this.#port.clock.now() + pause };
  }

  accepted(memory: RunMemory): void {
    memory.refusals = 0;
    delete memory.blocked;
  }
}
