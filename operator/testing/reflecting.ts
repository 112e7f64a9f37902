import { PODS } from "../api/paths.ts";
import { decodePod } from "../api/pod.ts";
import type { PodRecord } from "../api/records.ts";
import { podJson } from "./make.ts";
import { aWorld, frame } from "./scripted.ts";
import type { Script, World } from "./scripted.ts";
import { Reflector } from "../watch/reflector.ts";
import { Store } from "../watch/store.ts";

/** One reflector of pods in a scripted world, and what it has asked for. */
export interface Stage extends World {
  readonly reflector: Reflector<PodRecord>;
  readonly store: Store<PodRecord>;
  readonly running: Promise<void>;
  /** Lets the API server of the script take its time. */
  wait(ms: number): Promise<void>;
  /** Query values of all calls so far, one line each. */
  queries(): readonly string[];
}

export function start(script: Script): Stage {
  const world = aWorld(script);
  const store = new Store<PodRecord>({ onChange: () => {} });
  const options = { resource: PODS, namespace: "", store, decode: decodePod, onSynced: () => {} };
  const reflector = new Reflector(world.port, options);
  const running = reflector.run();
  const queries = (): readonly string[] =>
    world.seen.map(({ query = {}, kind }) => {
      const known = ["sendInitialEvents", "resourceVersion", "continue"].filter((key) => query[key] !== undefined);
      return [kind === "stream" ? "watch" : "list", ...known.map((key) => `${key}=${query[key]}`)].join(" ");
    });
  const wait = async (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    world.port.clock.after(ms, () => resolve(undefined));
    await promise;
  };
  return { ...world, reflector, store, running, wait, queries };
}

export const pod = (name: string, resourceVersion: string): unknown =>
  podJson("running", { name, uid: `uid-${name}`, resourceVersion });
export const bookmark = (resourceVersion: string, annotations = {}): string =>
  frame("BOOKMARK", { metadata: { resourceVersion, annotations } });
export const initialEnd = (resourceVersion: string): string =>
  bookmark(resourceVersion, { "k8s.io/initial-events-end": "true" });
export const page = (names: readonly string[], resourceVersion: string, token?: string) => ({
  status: 200,
  body: {
    metadata: { resourceVersion, ...(token !== undefined && { continue: token }) },
    items: names.map((name) => pod(name, "5")),
  },
});
export const noInitialEvents = { status: 422, body: { code: 422, message: "sendInitialEvents is forbidden" } };
export const MINUTE = 60_000;
