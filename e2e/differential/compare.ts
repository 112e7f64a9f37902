/** Plays one sequence on both sides at once and stops at the first answer in which they differ. */
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Json } from "./ledger.ts";
import type { Create, Operation } from "./operations.ts";
import { KINDS, Player } from "./player.ts";
import type { RealSide } from "./realside.ts";
import { SimulatedSide } from "./simulatedside.ts";

/** The real garbage collector acts within a second, but learns of a new kind of object only twice a minute. */
const COLLECTION_LIMIT_MS = 45_000;
const COLLECTION_POLL_MS = 25;
/** Caches of the real server, and the garbage collector's, are behind by a few milliseconds. */
const CACHE_LAG_MS = 100;

export interface Divergence {
  /** How many operations were played, the one with the differing answers included. */
  readonly after: number;
  readonly what: string;
  readonly simulated: Json;
  readonly real: Json;
}

export interface Comparison {
  readonly requests: number;
  readonly divergence: Divergence | undefined;
}

/** `prefix` must be new to the real namespace. */
export async function compare(real: RealSide, prefix: string, operations: readonly Operation[]): Promise<Comparison> {
  const duel = new Duel(real, prefix);
  try {
    const divergence = await duel.fight(operations);
    return { requests: duel.requests, divergence };
  } finally {
    duel.close();
  }
}

class Duel {
  readonly #simulatedSide: SimulatedSide;
  readonly #simulated: Player;
  readonly #real: Player;
  readonly #prefix: string;
  /** The garbage collectors have acted: what they do to different objects comes in any order. */
  #collected = false;

  constructor(real: RealSide, prefix: string) {
    this.#prefix = prefix;
    this.#simulatedSide = new SimulatedSide(real.namespace, prefix);
    this.#simulated = new Player(this.#simulatedSide, prefix);
    this.#real = new Player(real, prefix);
  }

  get requests(): number {
    return this.#real.requests;
  }

  close(): void {
    for (const player of [this.#simulated, this.#real]) player.viewers.forEach((viewer) => viewer.close());
  }

  async fight(operations: readonly Operation[]): Promise<Divergence | undefined> {
    const first = await this.#both((player) => player.begin());
    const wrong = differ(first, { after: 0, what: "the collections at the start" });
    if (wrong !== undefined) return wrong;
    for (const [index, operation] of operations.entries()) {
      const divergence = await this.#round(operation, index + 1);
      if (divergence !== undefined) return divergence;
    }
    return await this.#end(operations.length);
  }

  async #round(operation: Operation, after: number): Promise<Divergence | undefined> {
    if (readsCaches(operation)) await sleep(CACHE_LAG_MS);
    const answers = await this.#both((player) => player.play(operation));
    const wrong = differ(answers, { after, what: "the answers" });
    if (wrong !== undefined) return wrong;
    return (await this.#simulatedSide.settle()) ? await this.#collect(after) : undefined;
  }

  /** Waits until the real garbage collector has done what the simulated one did. */
  async #collect(after: number): Promise<Divergence | undefined> {
    this.#collected = true;
    const wanted = await this.#simulated.glance();
    const deadline = performance.now() + COLLECTION_LIMIT_MS;
    while (!isDeepStrictEqual(await this.#real.glance(), wanted) && performance.now() < deadline) {
      await sleep(COLLECTION_POLL_MS);
    }
    const answers = await this.#both((player) => player.look());
    return differ(answers, { after, what: "what the garbage collector left" });
  }

  /** The final state, then what the watches told until an object that was made last. */
  async #end(after: number): Promise<Divergence | undefined> {
    const wrong = differ(await this.#both((player) => player.look()), { after, what: "the collections at the end" });
    if (wrong !== undefined || this.#real.viewers.length === 0) return wrong;
    for (const kind of KINDS) await this.#both((player) => player.play(lastObject(kind)));
    await Promise.all(this.#real.viewers.map((viewer) => viewer.arrived(`${this.#prefix}${LAST_NAME}`)));
    for (const [index, viewer] of this.#real.viewers.entries()) {
      const simulated = this.#simulated.viewers[index]?.story(!this.#collected) ?? {};
      const told = { simulated, real: viewer.story(!this.#collected) };
      const untrue = differ(told, { after, what: `the events of watch ${index + 1}, of ${viewer.kind}` });
      if (untrue !== undefined) return untrue;
    }
    return undefined;
  }

  async #both(act: (player: Player) => Promise<Json>): Promise<Answers> {
    const [simulated, real] = await Promise.all([act(this.#simulated), act(this.#real)]);
    return { simulated, real };
  }
}

interface Answers {
  readonly simulated: Json;
  readonly real: Json;
}

/** In every selection the generator watches. */
const LAST_NAME = "last";
const LAST_LABELS = { app: "x", "stint.dev/taskrun": "last" };

function lastObject(kind: Create["kind"]): Create {
  return { do: "create", kind, name: LAST_NAME, shape: "plain", labels: LAST_LABELS };
}

function differ({ simulated, real }: Answers, where: Pick<Divergence, "after" | "what">): Divergence | undefined {
  return isDeepStrictEqual(plain(simulated), plain(real)) ? undefined : { ...where, simulated, real };
}

/** As JSON: an absent field and an undefined one are the same. */
function plain(value: Json): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Reads that may be served from a cache, and deletions whose dependents the garbage collector must know. */
function readsCaches(operation: Operation): boolean {
  if (operation.do === "watch") return operation.from === "none";
  return operation.do === "delete" && operation.kind === "taskruns";
}
