/** Which replica of the operator wrote when, by the API server's audit log. */
import type { AuditEntry } from "../cluster/cluster.ts";
import { operatorWrites } from "./audit.ts";

/** What the API server knows of a token that was made for a pod. */
const POD_NAME = "authentication.kubernetes.io/pod-name";

const WRITES: ReadonlySet<string> = new Set(["create", "update", "patch", "delete"]);
/** Written without leading, too: by who takes it. Events are work as everything else: only who leads writes them. */
const LEASES = "leases";

/** Writes of one replica, one after the other, with none of another between them. */
export interface Stretch {
  readonly pod: string;
  readonly writes: number;
  /** When the server got the first. */
  readonly firstMs: number;
  /** When the server had answered the last. */
  readonly lastMs: number;
}

/** The pod whose renewal of the Lease was the last that succeeded. */
export async function leader(dir: string): Promise<string> {
  const renewals = (await operatorWrites(dir)).filter(
    ({ verb, objectRef, responseStatus }) =>
      WRITES.has(verb) && objectRef?.resource === LEASES && (responseStatus?.code ?? 500) < 300,
  );
  const last = renewals.at(-1);
  if (last === undefined) throw new Error("nobody has written the Lease");
  return podOf(last);
}

/** Who did the work (all writes but those of the Lease), in order, from a moment on. */
export async function stretches(dir: string, sinceMs = 0): Promise<readonly Stretch[]> {
  const work = (await operatorWrites(dir)).filter(
    ({ verb, objectRef }) => WRITES.has(verb) && objectRef?.resource !== LEASES,
  );
  return stretchesOf(work.filter((entry) => receivedMs(entry) >= sinceMs));
}

/** The same of these writes, in whatever order they were answered. */
export function stretchesOf(writes: readonly AuditEntry[]): readonly Stretch[] {
  const found: Stretch[] = [];
  for (const entry of writes.toSorted((a, b) => receivedMs(a) - receivedMs(b))) {
    const last = found.at(-1);
    const [pod, firstMs, lastMs] = [podOf(entry), receivedMs(entry), Date.parse(entry.stageTimestamp)];
    if (last?.pod !== pod) found.push({ pod, writes: 1, firstMs, lastMs });
    else found[found.length - 1] = { ...last, writes: last.writes + 1, lastMs: Math.max(last.lastMs, lastMs) };
  }
  return found;
}

/** How long nobody wrote while one replica followed another, each time. */
export function pauses(all: readonly Stretch[]): readonly number[] {
  return all.slice(1).map(({ firstMs }, index) => firstMs - (all[index]?.lastMs ?? firstMs));
}

function podOf({ user }: AuditEntry): string {
  return user.extra?.[POD_NAME]?.[0] ?? user.username;
}

function receivedMs({ requestReceivedTimestamp }: AuditEntry): number {
  return Date.parse(requestReceivedTimestamp);
}
