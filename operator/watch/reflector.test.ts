import { describe, expect, it } from "vitest";
import { bookmark, initialEnd, MINUTE, noInitialEvents, page, pod, start } from "../testing/reflecting.ts";
import type { Stage } from "../testing/reflecting.ts";
import { frame, refusal } from "../testing/scripted.ts";
import type { Opened, Script } from "../testing/scripted.ts";

describe("the first list", () => {
  it("comes as initial events, swapped in at once, whatever their order", async () => {
    const stage = start({
      stream: () => ({
        chunks: [frame("ADDED", pod("b", "90")), frame("ADDED", pod("a", "7")), 1000, initialEnd("80")],
      }),
    });
    await stage.advance(500);
    const before = [stage.store.size, stage.reflector.synced];
    await stage.advance(500);

    expect(before).toEqual([0, false]);
    expect([...stage.store.keys()]).toEqual(["default/b", "default/a"]);
    expect(stage.store.resourceVersion).toBe("80");
    expect(stage.reflector.synced).toBe(true);
    expect(stage.queries()).toEqual(["watch sendInitialEvents=true"]);
    stage.reflector.stop();
  });

  it("asks for pods of TaskRuns only, with bookmarks, for 5 to 10 minutes", async () => {
    const stage = start({ stream: () => ({}) });
    await stage.advance(0);

    expect(stage.seen[0]).toMatchObject({
      path: "/api/v1/pods",
      query: {
        watch: "true",
        allowWatchBookmarks: "true",
        resourceVersionMatch: "NotOlderThan",
        labelSelector: "stint.dev/taskrun",
        timeoutSeconds: "450",
      },
    });
    stage.reflector.stop();
  });

  it("goes on from the closing bookmark, never from a synthetic event", async () => {
    const first: Opened = { chunks: [frame("ADDED", pod("a", "999")), initialEnd("80"), 2000], after: "ends" };
    const stage = start({ stream: (_, index) => (index === 0 ? first : {}) });
    await stage.advance(3000);

    expect(stage.queries()).toEqual(["watch sendInitialEvents=true", "watch resourceVersion=80"]);
    stage.reflector.stop();
  });

  it.each([400, 422])(
    "is a list in pages where the server knows no initial events (%i), and stays so",
    async (status) => {
      const stage = start({
        stream: (_, index) => (index === 0 ? { ...noInitialEvents, status } : { status: 410 }),
        request: ({ query = {} }) => (query["continue"] === undefined ? page(["a"], "80", "next") : page(["b"], "80")),
      });
      await stage.advance(0);

      expect(stage.queries().slice(0, 6)).toEqual([
        "watch sendInitialEvents=true",
        "list",
        "list continue=next",
        "watch resourceVersion=80",
        "list",
        "list continue=next",
      ]);
      expect([...stage.store.keys()]).toEqual(["default/a", "default/b"]);
      stage.reflector.stop();
    },
  );

  it("may be empty: a list of metadata alone then has null for its objects", async () => {
    const body = { kind: "PartialObjectMetadataList", metadata: { resourceVersion: "80" }, items: null };
    const stage = start({
      stream: (_, index) => (index === 0 ? noInitialEvents : {}),
      request: () => ({ status: 200, body }),
    });
    await stage.advance(0);

    expect(stage.queries()).toEqual(["watch sendInitialEvents=true", "list", "watch resourceVersion=80"]);
    stage.reflector.stop();
  });

  it("starts again when a continue token has expired", async () => {
    const stage = start({
      stream: (_, index) => (index === 0 ? noInitialEvents : {}),
      request: ({ query = {} }, index) => {
        if (query["continue"] === undefined) return page(["a"], String(80 + index), "next");
        return index === 1 ? refusal(410, "Expired") : page(["b"], "82");
      },
    });
    await stage.advance(10_000);

    expect(stage.queries().slice(1)).toEqual([
      "list",
      "list continue=next",
      "list",
      "list continue=next",
      "watch resourceVersion=82",
    ]);
    stage.reflector.stop();
  });

  it.each([
    ["nothing", undefined],
    ["an empty object", {}],
    ["a list without a version", { items: [] }],
    ["a list without items", { metadata: { resourceVersion: "5" } }],
    ["null items of what is no list", { kind: "Status", metadata: { resourceVersion: "5" }, items: null }],
    ["a page of a proxy", "welcome"],
  ])("is not taken from %s", async (_, body) => {
    const stage = start({ stream: () => noInitialEvents, request: () => ({ status: 200, body }) });
    await stage.advance(10 * MINUTE);

    expect(stage.reflector.synced).toBe(false);
    expect(stage.seen.length).toBeLessThan(10 * 60 * 0.25);
    stage.reflector.stop();
  });

  it("skips what it cannot read and counts it", async () => {
    const stage = start({
      stream: () => ({ chunks: [frame("ADDED", { metadata: {} }), frame("ADDED", pod("a", "1")), initialEnd("80")] }),
    });
    await stage.advance(0);

    expect(stage.store.size).toBe(1);
    expect(stage.counted.get("unreadable pods")).toBe(1);
    stage.reflector.stop();
  });
});

/** After a first list at version 80 the watch says this. */
function watching(chunks: readonly (string | number)[], after: Opened["after"] = "hangs", later: Opened = {}): Stage {
  const first: Opened = { chunks: [frame("ADDED", pod("a", "5")), initialEnd("80"), 2000, ...chunks], after };
  return start({ stream: (_, index) => (index === 0 ? first : later) });
}

describe("following", () => {
  it("adds, changes and removes", async () => {
    const stage = watching([
      frame("ADDED", pod("b", "81")) + frame("MODIFIED", pod("a", "82")),
      frame("DELETED", pod("b", "83")),
    ]);
    await stage.advance(3000);

    expect([...stage.store.keys()]).toEqual(["default/a"]);
    expect(stage.store.get("default/a")?.resourceVersion).toBe("82");
    expect(stage.store.resourceVersion).toBe("83");
    stage.reflector.stop();
  });

  it.each([
    ["the last event", [frame("MODIFIED", pod("a", "90"))], "90"],
    ["a later bookmark", [frame("MODIFIED", pod("a", "90")), bookmark("95")], "95"],
    [
      "the last whole event, if the stream was cut in the middle of one",
      [frame("MODIFIED", pod("a", "90")), '{"type":"MOD'],
      "90",
    ],
    [
      "the last readable one",
      [frame("MODIFIED", pod("a", "90")), frame("MODIFIED", { metadata: { resourceVersion: "99" } })],
      "90",
    ],
  ])("goes on from %s when the connection breaks", async (_, chunks, want) => {
    const stage = watching(chunks, "breaks");
    await stage.advance(10_000);

    expect(stage.queries()).toEqual(["watch sendInitialEvents=true", `watch resourceVersion=${want}`]);
    stage.reflector.stop();
  });

  it("goes on soon, and never with a list, when something in between cuts every watch after 100 s", async () => {
    const stage = start({
      stream: (_, index) => {
        const life = [50_000, bookmark(String(81 + index)), 50_000];
        return { chunks: [...(index === 0 ? [initialEnd("80")] : []), ...life], after: "breaks" };
      },
    });
    await stage.advance(60 * MINUTE);

    const gaps = stage.seen.slice(1).map(({ at }, index) => at - (stage.seen[index]?.at ?? 0) - 100_000);
    expect(stage.queries().filter((query) => query.includes("sendInitialEvents"))).toHaveLength(1);
    expect(Math.max(...gaps)).toBeLessThan(2000);
    stage.reflector.stop();
  });

  it("goes on at once, without a list, when the server ends a watch in its time", async () => {
    const stage = watching([MINUTE, bookmark("85")], "ends");
    await stage.advance(MINUTE + 2000);

    expect(stage.queries()).toEqual(["watch sendInitialEvents=true", "watch resourceVersion=85"]);
    stage.reflector.stop();
  });

  it.each([
    ["a line that is no JSON", "<html>\n"],
    ["a line that is no event", '{"kind":"PodList"}\n'],
  ])("does not trust a stream after %s, and goes on from the known version", async (_, line) => {
    const stage = watching([line]);
    await stage.advance(10_000);

    expect(stage.queries()).toEqual(["watch sendInitialEvents=true", "watch resourceVersion=80"]);
    stage.reflector.stop();
  });

  it.each([
    ["an ERROR event Expired", [frame("ERROR", { code: 410, reason: "Expired" })]],
    ["an ERROR event Gone", [frame("ERROR", { code: 410, reason: "Gone" })]],
  ])("lists again at once after %s", async (_, chunks) => {
    const stage = watching(chunks);
    await stage.advance(2001);

    expect(stage.queries()).toEqual(["watch sendInitialEvents=true", "watch sendInitialEvents=true"]);
    stage.reflector.stop();
  });

  it("lists again at once when a watch is answered with 410", async () => {
    const stage = watching([], "ends", { ...refusal(410, "Expired") });
    await stage.advance(2001);

    expect(stage.queries().slice(0, 3)).toEqual([
      "watch sendInitialEvents=true",
      "watch resourceVersion=80",
      "watch sendInitialEvents=true",
    ]);
    stage.reflector.stop();
  });

  it("keeps the version through an ERROR event of another kind", async () => {
    const stage = watching([frame("ERROR", { code: 500, reason: "InternalError" })]);
    await stage.advance(10_000);

    expect(stage.queries()).toEqual(["watch sendInitialEvents=true", "watch resourceVersion=80"]);
    stage.reflector.stop();
  });

  it("keeps what it knows while the server is away", async () => {
    const stage = watching([], "breaks", { status: 503 });
    await stage.advance(30 * MINUTE);

    expect([...stage.store.keys()]).toEqual(["default/a"]);
    expect(stage.reflector.synced).toBe(true);
    stage.reflector.stop();
  });

  it("starts a silent watch anew, within three minutes", async () => {
    const stage = watching([]);
    await stage.advance(3 * MINUTE);

    expect(stage.queries().length).toBeGreaterThan(1);
    expect(stage.counted.get("watchRestarts pods silent")).toBe(1);
    stage.reflector.stop();
  });

  it("lists anew when watches from the known version stay silent again and again", async () => {
    const stage = watching([]);
    await stage.advance(30 * MINUTE);

    expect(stage.queries().slice(1)).toContain("watch sendInitialEvents=true");
    stage.reflector.stop();
  });

  it("waits as long as Retry-After says", async () => {
    const stage = watching([], "ends", { status: 429, retryAfterSeconds: 20 });
    await stage.advance(2000 + 20_000);
    const early = stage.seen.length;
    await stage.advance(10_000);

    expect([early, stage.seen.length]).toEqual([2, 3]);
    expect(stage.queries()[2]).toBe("watch resourceVersion=80");
    stage.reflector.stop();
  });

  it("takes a refusal for life, and hands on its words until it is taken back", async () => {
    let allowed = false;
    const refused = refusal(403, "Forbidden", "pods is forbidden");
    const stage = start({ stream: () => (allowed ? { chunks: [initialEnd("80")] } : refused) });
    await stage.advance(30 * MINUTE);
    const { trouble, ageMs } = stage.reflector;
    allowed = true;
    await stage.advance(MINUTE);

    expect(ageMs).toBeLessThan(MINUTE);
    expect(trouble).toBe("pods is forbidden");
    expect(stage.reflector.trouble).toBeUndefined();
    expect(stage.reflector.synced).toBe(true);
    stage.reflector.stop();
  });

  it("does not believe a Retry-After of years", async () => {
    const stage = watching([], "ends", { status: 429, retryAfterSeconds: 999_999_999 });
    await stage.advance(10 * MINUTE);

    expect(stage.seen.length).toBeGreaterThan(4);
    stage.reflector.stop();
  });

  it("renew() starts the watch anew from the known version", async () => {
    const stage = watching([bookmark("85")]);
    await stage.advance(21_000);
    stage.reflector.renew("resume");
    await stage.advance(0);

    expect(stage.queries()).toEqual(["watch sendInitialEvents=true", "watch resourceVersion=85"]);
    stage.reflector.stop();
  });

  it("renew() asks for a brief watch, which ends with a bookmark, and then for an ordinary one", async () => {
    const first = { chunks: [initialEnd("80")] };
    const brief: Opened = { chunks: [6000, bookmark("90"), 2000], after: "ends" };
    const stage = start({ stream: (_, index) => (index === 0 ? first : index === 1 ? brief : {}) });
    await stage.advance(30_000);
    stage.reflector.renew("resume");
    await stage.advance(10_000);

    expect(stage.seen.map(({ query }) => query?.["timeoutSeconds"])).toEqual(["450", "8", "450"]);
    expect(stage.store.resourceVersion).toBe("90");
    stage.reflector.stop();
  });

  it.each([
    ["resume", 0],
    ["distrust", 7],
  ] as const)("renew(), again and again though the watch tells of life, to %s, lists %i times", async (how, want) => {
    const first = { chunks: [initialEnd("80")] };
    const stage = start({
      stream: (request, index) =>
        request.query?.["sendInitialEvents"] === "true" ? first : { chunks: [bookmark(String(100 + index))] },
    });
    await stage.advance(30_000);
    for (let minute = 0; minute < 8; minute += 1) {
      stage.reflector.renew(how);
      await stage.advance(60_000);
    }

    expect(
      stage
        .queries()
        .slice(1)
        .filter((query) => query.includes("sendInitialEvents")),
    ).toHaveLength(want);
    stage.reflector.stop();
  });

  it("renew(), called by many, gives the new watch its time, then lists once", async () => {
    const stage = watching([bookmark("85")]);
    for (let call = 0; call < 500; call += 1) {
      await stage.advance(100);
      stage.reflector.renew("resume");
    }
    await stage.advance(0);

    expect(stage.queries()).toEqual([
      "watch sendInitialEvents=true",
      "watch resourceVersion=85",
      "watch sendInitialEvents=true",
    ]);
    stage.reflector.stop();
  });

  it.each([
    ["at the same moment", 0],
    ["while the new watch is being opened", 5000],
  ])("renew(), called by two %s, lists nothing", async (_, laterMs) => {
    const first = { chunks: [initialEnd("80")] };
    const stage: Stage = start({
      stream: async (_request, index) => {
        if (index === 0) return first;
        await stage.wait(10_000);
        return {};
      },
    });
    await stage.advance(30_000);
    stage.reflector.renew("resume");
    if (laterMs > 0) await stage.advance(laterMs);
    stage.reflector.renew("resume");
    await stage.advance(60_000);

    expect(stage.queries()).toEqual(["watch sendInitialEvents=true", "watch resourceVersion=80"]);
    stage.reflector.stop();
  });
});

describe("stop()", () => {
  it.each([
    ["while a watch is open", { stream: () => ({ chunks: [initialEnd("80")] }) }],
    ["while the first list comes", { stream: () => ({}) }],
    ["while it pauses after a failure", {}],
  ] satisfies [string, Script][])("ends it at once %s", async (_, script) => {
    const stage = start(script);
    await stage.advance(100);
    stage.reflector.stop();
    const calls = stage.seen.length;
    await stage.running;
    await stage.advance(60 * MINUTE);

    expect(stage.seen.length).toBe(calls);
  });

  it("ends a list between two pages, and what came so far is not taken for the whole", async () => {
    let stop = (): void => {};
    const stage = start({
      stream: () => noInitialEvents,
      request: () => {
        stop();
        return page(["a"], "80", "next");
      },
    });
    stop = () => stage.reflector.stop();
    await stage.running;

    expect(stage.queries()).toEqual(["watch sendInitialEvents=true", "list"]);
    expect(stage.store.size).toBe(0);
  });
});
