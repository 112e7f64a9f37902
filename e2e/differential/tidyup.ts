/** Empties a namespace of the real cluster between two sequences. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Json, metadataOf } from "./ledger.ts";
import { KINDS } from "./player.ts";
import { collection, type Side } from "./side.ts";
import type { Kind } from "./operations.ts";

/** Two rounds for what goes at once and for what had finalizers; the rest of the time is for what somebody else changes. */
const LIMIT_MS = 30_000;
const ROUND_PAUSE_MS = 50;

export async function empty(side: Side): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  for (let round = 0; performance.now() < deadline; round++) {
    const left = await Promise.all(KINDS.map((kind) => clear(side, kind)));
    if (left.every((count) => count === 0)) return;
    if (round > 1) await sleep(ROUND_PAUSE_MS);
  }
  throw new Error(`the namespace ${side.namespace} does not become empty`);
}

/** How many objects there were. */
async function clear(side: Side, kind: Kind): Promise<number> {
  const path = collection(kind, side.namespace);
  const { status, body } = await side.send({ method: "GET", path });
  if (status !== 200) throw new Error(`the list of ${path} was answered ${status}: ${JSON.stringify(body)}`);
  const { items } = body as { readonly items: readonly Json[] };
  await Promise.all(items.map((item) => remove(side, path, item)));
  return items.length;
}

async function remove(side: Side, path: string, item: Json): Promise<void> {
  const metadata = metadataOf(item);
  const own = `${path}/${String(metadata["name"])}`;
  const finalizers = metadata["finalizers"];
  if (Array.isArray(finalizers) && finalizers.length > 0) {
    const type = path.startsWith("/api/") ? { apiVersion: "v1", kind: "Pod" } : {};
    await side.send({
      method: "PUT",
      path: own,
      body: { ...type, ...item, metadata: { ...metadata, finalizers: [] } },
    });
  }
  await side.send({ method: "DELETE", path: own, body: { gracePeriodSeconds: 0, propagationPolicy: "Background" } });
}
