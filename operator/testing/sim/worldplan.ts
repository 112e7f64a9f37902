/** What a run consists of: values and the operator it starts. */
import type { Port } from "../../api/port.ts";
import type { FaultPlan, FaultSource } from "./faults.ts";
import type { TaskRunPlan } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Seat } from "./replica.ts";
import type { WorkflowPlan } from "./workflows/plan.ts";

/** An operator as the simulator starts it: the core, one of several that elect a leader, or a wrong one made to be caught. */
export type StartOperator = (port: Port, seat: Seat) => { stop(): Promise<void> };

export interface PairPlan {
  /** Milliseconds of each one's monotonic clock per true one. */
  readonly clockRates: readonly [number, number];
  /** How far each one's wall clock is ahead while there are faults; none unless given. */
  readonly aheadMs?: readonly [number, number];
  /** When the one that leads is stopped in good order; never unless given. */
  readonly stopAtMs?: number;
}

export interface WorldPlan {
  readonly seed: string;
  /** The command that repeats this run. */
  readonly replay: string;
  readonly taskRuns: readonly TaskRunPlan[];
  readonly workflows?: readonly WorkflowPlan[];
  readonly startOperator: StartOperator;
  /** Two replicas that elect a leader; left out: one operator that knows nothing of a lease. */
  readonly pair?: PairPlan;
  /** The faults of the first phase; they end at `chaosMs`. */
  readonly faults: (random: Random) => FaultSource;
  readonly rates?: FaultPlan["rates"];
  readonly chaosMs: number;
  /** False: a server that refuses sendInitialEvents. */
  readonly initialEvents: boolean;
  readonly slowness: number;
  /** The server cuts lists into pages of this many objects; 0: as the operator asks. */
  readonly pageItemsMax: number;
  /** From an operator's death to the next one's start. */
  readonly restartMs: readonly [number, number];
  readonly print?: (line: string) => void;
  /** How long after the faults everything may take to come to its end; an hour unless given. */
  readonly settleMsMax?: number;
  /** How long nothing may happen at the end; ten minutes unless given. */
  readonly quietMs?: number;
}
