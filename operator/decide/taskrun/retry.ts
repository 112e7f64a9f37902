/** Whether and when a failed attempt is followed by another one. */
import { FailureClass, Reason } from "../../api/names.ts";
import { shortHash } from "../childname.ts";
import type { AttemptStatus } from "./facts.ts";
import { classOf } from "./failures.ts";
import type { Settings } from "./settings.ts";

type RetryRule = Settings["rules"][number];

/** How many attempts of the work as it is now have failed, by budget. An unknown fate counts as infrastructure. */
export interface Failures {
  readonly application: number;
  readonly infrastructure: number;
}

export type Retry =
  | { readonly kind: "again"; readonly pauseMs: number }
  /** rule: retry.rules says so. spent: its budget is used up. never: no attempt may follow such an end. */
  | { readonly kind: "never"; readonly why: "rule" | "spent" | "final" };

/** What follows an attempt that ended without success; `failures` counts it already. */
export function retryAfter(settings: Settings, ended: AttemptStatus, failures: Failures, uid: string): Retry {
  if (ended.reason === Reason.Cancelled || ended.reason === Reason.DeadlineExceeded)
    return { kind: "never", why: "final" };
  const budget = budgetOf(ended.reason);
  if (budget === undefined) return { kind: "again", pauseMs: 0 };
  if (ruleFor(settings, ended)?.action === "Fail") return { kind: "never", why: "rule" };
  if (failures[budget] > limitOf(settings, budget)) return { kind: "never", why: "spent" };
  return { kind: "again", pauseMs: pauseMs(settings, failures[budget], jitterOf(uid, ended.number)) };
}

/** The budget a failure counts on; undefined for an end that is nobody's failure (suspended, superseded). */
export function budgetOf(reason: string): keyof Failures | undefined {
  const failureClass = classOf(reason);
  if (failureClass === undefined) return undefined;
  return failureClass === FailureClass.Application ? "application" : "infrastructure";
}

export function limitOf(settings: Settings, budget: keyof Failures): number {
  return budget === "application" ? settings.limit : settings.infrastructureLimit;
}

/** The first of retry.rules that speaks of this end. */
export function ruleFor(settings: Settings, ended: AttemptStatus): RetryRule | undefined {
  return settings.rules.find(({ exitCodes, reasons }) => {
    if (reasons !== undefined) return reasons.some((reason) => reason === ended.reason);
    if (exitCodes === undefined || ended.reason !== Reason.ExitCode || ended.exitCode === undefined) return false;
    return exitCodes.values.includes(ended.exitCode) === (exitCodes.operator === "In");
  });
}

/** initialSeconds x factor^(n-1), at most maxSeconds, shortened by up to a fifth. */
function pauseMs({ initialSeconds, factor, maxSeconds }: Settings, failures: number, jitter: number): number {
  const whole = Math.min(initialSeconds * factor ** (failures - 1), maxSeconds) * 1000;
  return Math.round(whole * (1 - jitter / 5));
}

/** In [0, 1), spread over TaskRuns and attempts, and the same whoever asks and whenever: a restart does not move a pause. */
function jitterOf(uid: string, attempt: number): number {
  const digits = shortHash(`${uid}/${attempt}`);
  let value = 0;
  for (let i = 0; i < digits.length; i += 1) value = (value * 31 + digits.charCodeAt(i)) % 1009;
  return value / 1009;
}
