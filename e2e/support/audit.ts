/** What the API server's audit log says about the operator: who wrote what, in the server's own words. */
import { auditEntries, type AuditEntry } from "../cluster/cluster.ts";

/** Every version of the operator introduces itself so. */
const OPERATOR = /^stint\//;

/** Of operators that act as their service account the log has reads, too. */
const READS: ReadonlySet<string> = new Set(["get", "list", "watch"]);

/** The operator's writes in a namespace (all of them without one), answered well or not, oldest first. */
export async function operatorWrites(dir: string, namespace?: string): Promise<readonly AuditEntry[]> {
  return await entries(dir, (entry) => {
    const here = namespace === undefined || entry.objectRef?.namespace === namespace;
    return here && !READS.has(entry.verb) && OPERATOR.test(entry.userAgent ?? "");
  });
}

/** How often a pod of each name was created with success, by whomever. */
export async function podCreations(dir: string, namespace: string): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const created = await entries(dir, ({ verb, objectRef, responseStatus }) => {
    const pod = objectRef?.resource === "pods" && objectRef.subresource === undefined;
    return pod && verb === "create" && objectRef.namespace === namespace && responseStatus?.code === 201;
  });
  for (const { objectRef } of created) {
    const name = objectRef?.name ?? "?";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** From the first word of a kubelet about the pods of a namespace to its last. */
export async function podSpanMs(dir: string, namespace: string): Promise<number> {
  const told = await entries(dir, ({ verb, objectRef }) => {
    const status = objectRef?.resource === "pods" && objectRef.subresource === "status";
    return status && verb === "patch" && objectRef.namespace === namespace;
  });
  const times = told.map(({ stageTimestamp }) => Date.parse(stageTimestamp));
  return Math.max(...times) - Math.min(...times);
}

/** A write in a few words, such as `update taskruns/status a: 200`. */
export function inWords({ verb, objectRef, responseStatus }: AuditEntry): string {
  const { resource = "?", subresource, name = "" } = objectRef ?? {};
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${verb} ${what} ${name}: ${responseStatus?.code ?? "?"}`;
}

async function entries(dir: string, wanted: (entry: AuditEntry) => boolean): Promise<readonly AuditEntry[]> {
  const found: AuditEntry[] = [];
  for await (const entry of auditEntries(dir)) if (wanted(entry)) found.push(entry);
  return found;
}
