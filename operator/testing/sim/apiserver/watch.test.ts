import { describe, expect, it } from "vitest";
import { Random } from "../random.ts";
import { ApiServer } from "./server.ts";
import { WatchHub } from "./watch.ts";

interface Event {
  readonly type: string;
  readonly object: {
    readonly code?: number;
    readonly reason?: string;
    readonly metadata: {
      readonly name?: string;
      readonly resourceVersion: string;
      readonly annotations?: Readonly<Record<string, string>>;
    };
  };
}

class Room {
  readonly server: ApiServer = new ApiServer({ nowMs: () => Date.UTC(2030, 0, 1), random: new Random("uids") });
  readonly timers: { readonly delayMs: number; readonly run: () => void }[] = [];
  readonly events: Event[] = [];
  goneAs: "status" | "event" = "status";
  ended = false;
  readonly hub: WatchHub;

  constructor(initialEvents = true) {
    this.hub = new WatchHub(this.server, {
      initialEvents,
      goneAs: () => this.goneAs,
      after: (delayMs, run) => {
        this.timers.push({ delayMs, run });
        return () => undefined;
      },
      random: new Random("order"),
    });
  }

  create(name: string, labels: Readonly<Record<string, string>> = {}): string {
    const spec = { containers: [{ name: "main", image: "i" }] };
    const body = { apiVersion: "v1", kind: "Pod", metadata: { name, labels }, spec };
    this.server.handle({ method: "POST", path: "/api/v1/namespaces/default/pods", body, timeoutMs: 0 }, "test");
    return String(this.server.store.version);
  }

  relabel(name: string, labels: Readonly<Record<string, string>>): void {
    const pod = this.server.store.get("pods", `default/${name}`);
    if (pod !== undefined) this.server.store.put("pods", { ...pod, metadata: { ...pod.metadata, labels } }, "test");
  }

  remove(name: string): void {
    const path = `/api/v1/namespaces/default/pods/${name}`;
    this.server.handle({ method: "DELETE", path, timeoutMs: 0 }, "test");
  }

  /** The code of a refusal; 200 for an open watch. */
  watch(query: Readonly<Record<string, string>>): number {
    const request = { method: "GET", path: "/api/v1/pods", query: { watch: "true", ...query }, timeoutMs: 0 } as const;
    const opened = this.hub.open(request, {
      line: (text) => this.events.push(JSON.parse(text) as Event),
      end: () => {
        this.ended = true;
      },
    });
    return "refusal" in opened ? opened.refusal.status : 200;
  }

  get told(): readonly string[] {
    return this.events.map(({ type, object }) => `${type} ${object.metadata?.name ?? object.reason ?? ""}`.trim());
  }
}

const INITIAL = { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan", allowWatchBookmarks: "true" };

describe("a watch from a version", () => {
  it("sends what has happened since, then what happens; a pod is marked before it is removed", () => {
    const room = new Room();
    const since = room.create("a");
    room.create("b");
    room.watch({ resourceVersion: since });
    room.remove("a");
    expect(room.told).toEqual(["ADDED b", "MODIFIED a", "DELETED a"]);
  });

  it("shows an object that enters or leaves its selection as added or deleted, in its last matching state", () => {
    const room = new Room();
    const since = room.create("a");
    room.watch({ resourceVersion: since, labelSelector: "app" });
    room.relabel("a", { app: "x" });
    room.relabel("a", { app: "y" });
    room.relabel("a", {});
    expect(room.told).toEqual(["ADDED a", "MODIFIED a", "DELETED a"]);
    expect(room.events.at(-1)?.object.metadata).toMatchObject({ labels: { app: "y" } });
    expect(room.events.at(-1)?.object.metadata.resourceVersion).toBe(String(room.server.store.version));
  });

  it.each(["status", "event"] as const)("answers 410 as %s if the version is compacted", (goneAs) => {
    const room = new Room();
    const since = room.create("a");
    room.create("b");
    room.server.store.compact(room.server.store.version);
    room.goneAs = goneAs;
    const code = room.watch({ resourceVersion: since });
    expect(code).toBe(goneAs === "status" ? 410 : 200);
    expect(room.told).toEqual(goneAs === "status" ? [] : ["ERROR Expired"]);
    expect(room.ended).toBe(goneAs === "event");
  });

  it("ends after timeoutSeconds and sends bookmarks with the newest version", () => {
    const room = new Room();
    const since = room.create("a");
    room.watch({ resourceVersion: since, timeoutSeconds: "300", allowWatchBookmarks: "true" });
    const [timeout, bookmark] = room.timers;
    expect([timeout?.delayMs, bookmark?.delayMs]).toEqual([300_000, 60_000]);
    bookmark?.run();
    expect(room.events.at(-1)?.object.metadata.resourceVersion).toBe(since);
    timeout?.run();
    expect(room.ended).toBe(true);
  });
});

describe("a watch with initial events", () => {
  it("sends all objects, then a bookmark that marks the end, then changes", () => {
    const room = new Room();
    for (const name of ["a", "b", "c"]) room.create(name);
    room.watch(INITIAL);
    room.create("d");
    expect(room.told.slice(0, 3).toSorted()).toEqual(["ADDED a", "ADDED b", "ADDED c"]);
    expect(room.told.slice(3)).toEqual(["BOOKMARK", "ADDED d"]);
    expect(room.events[3]?.object.metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" });
  });

  it("is refused by an old server", () => {
    expect(new Room(false).watch(INITIAL)).toBe(422);
  });
});
