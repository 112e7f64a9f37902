/** Waiting for the cluster to say something: by a watch, within a bounded time, with what was last seen in the error. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "./client.ts";
import type { List, Metadata } from "./objects.ts";

/** A pod starts within seconds on an idle machine; on a busy one with two cores it may take a minute. */
export const PATIENCE_MS = 120_000;
/** A broken watch (the API server restarts in some tests) is opened anew after this pause. */
const REOPEN_MS = 500;
/** The part of an object that fits into an error message. */
const SHOWN_CHARS = 3_000;

export interface Wait {
  /** What is waited for, as it would stand in "waited for ...". */
  readonly what: string;
  readonly limitMs?: number;
}

type Named = { readonly metadata: Metadata };

/** Waits until the object is as wanted; `undefined` stands for an object that is not there. */
export async function until<T extends Named>(
  client: Client,
  where: { readonly path: string; readonly name: string },
  wanted: (seen: T | undefined) => boolean,
  wait: Wait,
): Promise<T | undefined> {
  const path = `${where.path}?fieldSelector=metadata.name%3D${encodeURIComponent(where.name)}`;
  const all = await untilAll<T>(client, path, (objects) => wanted(objects.get(where.name)), {
    ...wait,
    what: `${where.name}: ${wait.what}`,
  });
  return all.get(where.name);
}

/** Waits until the objects of a collection, by name, are as wanted. `path` may carry a selector. */
export async function untilAll<T extends Named>(
  client: Client,
  path: string,
  wanted: (objects: ReadonlyMap<string, T>) => boolean,
  { what, limitMs = PATIENCE_MS }: Wait,
): Promise<ReadonlyMap<string, T>> {
  const deadline = AbortSignal.timeout(limitMs);
  let last: ReadonlyMap<string, T> = new Map();
  let problem: Error | undefined;
  const failed = (error: Error): void => {
    problem = error;
  };
  for await (const objects of states<T>(client, path, deadline, failed)) {
    last = objects;
    problem = undefined;
    if (wanted(objects)) return objects;
  }
  const but = problem === undefined ? "" : `; then: ${problem.message}`;
  throw new Error(`waited ${limitMs / 1000} s for ${what}; last seen: ${shown([...last.values()])}${but}`, {
    cause: problem,
  });
}

/** The collection after every change of it, until `signal`. A broken watch is followed by a new list; `failed` hears why. */
export async function* states<T extends Named>(
  client: Client,
  path: string,
  signal: AbortSignal,
  failed: (error: Error) => void = () => undefined,
): AsyncGenerator<ReadonlyMap<string, T>> {
  while (!signal.aborted) {
    // Ends the watch when the consumer has seen enough.
    const done = new AbortController();
    try {
      const list = await client.call<List<T>>("GET", path);
      const objects = new Map(list.items.map((item) => [item.metadata.name, item]));
      yield objects;
      const ended = AbortSignal.any([signal, done.signal]);
      for await (const { type, object } of client.watch<T>(path, list.metadata.resourceVersion, ended)) {
        if (type === "ERROR") break;
        if (type === "BOOKMARK") continue;
        if (type === "DELETED") objects.delete(object.metadata.name);
        else objects.set(object.metadata.name, object);
        yield objects;
      }
    } catch (error) {
      // The server restarts or the time is up; the loop tells which.
      if (!signal.aborted) failed(error as Error);
      await sleep(REOPEN_MS);
    } finally {
      done.abort();
    }
  }
}

/** Waits for something no watch tells, such as a process's own endpoint. */
export async function poll<T>(look: () => Promise<T | undefined>, { what, limitMs = PATIENCE_MS }: Wait): Promise<T> {
  const end = performance.now() + limitMs;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const found = await look();
      if (found !== undefined) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await sleep(100);
  }
  throw new Error(`waited ${limitMs / 1000} s for ${what}`, { cause: last });
}

function shown(objects: readonly Named[]): string {
  if (objects.length === 0) return "nothing";
  const bare = objects.map((object) => {
    const { metadata, ...rest } = object as Named & { readonly status?: unknown };
    const { name, deletionTimestamp } = metadata;
    return { name, ...(deletionTimestamp && { deletionTimestamp }), status: rest.status };
  });
  const text = JSON.stringify(bare);
  return text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)} ... (${text.length} characters)`;
}
