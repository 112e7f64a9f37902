/**
 * The loop all kinds share: a key comes from the queue, one pass looks at it, and its result says when to look again. One
 * place counts, logs and backs off; a pass that throws disturbs no other key.
 */
import { ApiError } from "../act/errors.ts";
import type { LogFields, Port } from "../api/port.ts";
import { WorkQueue } from "../queue/workqueue.ts";

export interface Pass {
  /** done: all is as it should be for now. waiting: for the store to show our own writes. */
  readonly result: "done" | "waiting";
  /** Look again after so many milliseconds, even if nothing changes. */
  readonly againMs?: number;
  /** What could not be done, beside all that was: tried again with growing pauses, and at againMs at the latest. */
  readonly failed?: ApiError;
}

export interface ControllerOptions {
  readonly kind: string;
  /** "" for all namespaces. */
  readonly namespace: string;
  readonly pass: (key: string) => Promise<Pass>;
}

/** From this failure on a key is worth a word; before, it mostly lost a race or the server was busy. */
const WARN_FROM_FAILURES = 3;
/** A server that is away fails every key; one line in so long says it. */
const WARN_EVERY_MS = 10_000;

export function startController(port: Port, { kind, namespace, pass }: ControllerOptions): WorkQueue {
  const queue: WorkQueue = new WorkQueue(port, { kind, namespace, work });
  let warnedAt = Number.NEGATIVE_INFINITY;
  let unsaid = 0;

  async function work(key: string): Promise<void> {
    const started = port.clock.monotonic();
    let result: Pass["result"] | "failed" = "failed";
    try {
      const done = await pass(key);
      queue.planned(key, done.againMs);
      if (done.failed !== undefined) throw done.failed;
      result = done.result;
      queue.forget(key);
    } catch (error) {
      failed(key, error);
    }
    port.meter.count("reconciles", { kind, result });
    port.meter.observe("reconcile", { kind }, (port.clock.monotonic() - started) / 1000);
  }

  function failed(key: string, error: unknown): void {
    queue.retry(key, error instanceof ApiError ? error.retryAfterMs : 0);
    const fields = { kind, key, error: String(error), failures: queue.failures(key) };
    if (!(error instanceof ApiError)) {
      port.log.error("pass failed", { ...fields, stack: stackOf(error) });
      return;
    }
    port.log.debug("pass failed, will try again", fields);
    if (fields.failures >= WARN_FROM_FAILURES) warn(fields);
  }

  function warn(fields: LogFields): void {
    unsaid += 1;
    const now = port.clock.monotonic();
    if (now - warnedAt < WARN_EVERY_MS) return;
    port.log.warn("passes fail, will try again", { ...fields, failedPasses: unsaid });
    warnedAt = now;
    unsaid = 0;
  }

  return queue;
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
