/** Memory limits that grow after an OOM kill. */
import { Reason } from "../../api/names.ts";
import type { AttemptStatus, Facts } from "./facts.ts";
import { bytesOf, quantityOf } from "./quantity.ts";
import { ruleFor } from "./retry.ts";

/** The limit times the factor, at most max, never less than it was; undefined if it cannot grow. */
export function grown(limit: string, factor: string, max: string | undefined): string | undefined {
  const bytes = bytesOf(limit);
  if (bytes === undefined || bytes === 0) return undefined;
  const bound = max === undefined ? Number.POSITIVE_INFINITY : (bytesOf(max) ?? 0);
  const next = Math.min(bytes * Number(factor), bound);
  return next > bytes ? quantityOf(next) : undefined;
}

/**
 * The main container's memory limit for the next attempts: raised if the one that just ended was killed for want of memory
 * and a rule says so; else as it was recorded.
 */
export function memoryAfter(facts: Facts, ended: AttemptStatus | undefined): string | undefined {
  const before = facts.reset ? undefined : facts.before.memory;
  if (ended?.reason !== Reason.OOMKilled || ended.exitCode === undefined || ended.workHash !== facts.taskRun.work)
    return before;
  const memory = ruleFor(facts.settings, ended)?.memory;
  const limit = facts.pod?.memoryLimit;
  if (memory === undefined || limit === undefined) return before;
  return grown(limit, memory.factor, memory.max) ?? before;
}
