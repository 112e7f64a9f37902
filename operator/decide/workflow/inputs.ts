/** What $(run.FIELD) and run.FIELD of `when` stand for. */
import { timeMs } from "../../api/decode.ts";

export interface RunFacts {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** metadata.creationTimestamp; both ends of the data interval where the run has none. */
  readonly createdAt: string;
  readonly dataInterval?: { readonly start: string; readonly end: string };
  /** In the order of the declaration. */
  readonly params: ReadonlyMap<string, string>;
  /** What the tasks came to, for those of finally. */
  readonly status?: string;
}

/** undefined: there is no such field, or not here. Times are as the run has them; `ds` is a date in UTC. */
export function runField(field: string, run: RunFacts): string | undefined {
  const { start, end } = run.dataInterval ?? { start: run.createdAt, end: run.createdAt };
  switch (field) {
    case "name":
    case "namespace":
    case "uid":
    case "status":
      return run[field];
    case "ds":
      return dateOf(start);
    case "dsNodash":
      return dateOf(start)?.replaceAll("-", "");
    case "ts":
    case "dataIntervalStart":
      return start;
    case "dataIntervalEnd":
      return end;
    case "params":
      return jsonOf(run.params);
    default:
      return undefined;
  }
}

const DATE = /^\d{4}-\d{2}-\d{2}(?=T)/;

/** 2026-11-21, in UTC. */
function dateOf(time: string): string | undefined {
  const ms = timeMs(time);
  return ms === undefined ? undefined : DATE.exec(new Date(ms).toISOString())?.[0];
}

/** Written by hand, because an object would put keys that look like numbers first. */
function jsonOf(params: ReadonlyMap<string, string>): string {
  return `{${[...params].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
}
