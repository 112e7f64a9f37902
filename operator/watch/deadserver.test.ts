import { describe, expect, it } from "vitest";
import { bookmark, initialEnd, MINUTE, noInitialEvents, page, pod, start } from "../testing/reflecting.ts";
import { CALLS_AT_ONCE_MAX, frame, refusal } from "../testing/scripted.ts";
import type { Script } from "../testing/scripted.ts";

const listed = page(["a"], "80");
const deadServers: readonly { readonly it: string; readonly script: Script }[] = [
  { it: "nobody answers", script: {} },
  {
    it: "every answer is 500",
    script: { stream: () => ({ status: 500 }), request: () => ({ status: 500, body: {} }) },
  },
  { it: "every answer is 401", script: { stream: () => ({ status: 401 }) } },
  { it: "every answer is 404", script: { stream: () => ({ status: 404 }) } },
  { it: "every answer is 410", script: { stream: () => refusal(410, "Gone"), request: () => refusal(410, "Gone") } },
  { it: "every answer is 429 without a wish", script: { stream: () => refusal(429, "TooManyRequests") } },
  { it: "every answer is 429 with Retry-After 0", script: { stream: () => ({ status: 429, retryAfterSeconds: 0 }) } },
  { it: "every answer is 429 with Retry-After 1", script: { stream: () => ({ status: 429, retryAfterSeconds: 1 }) } },
  {
    it: "every answer is 429 with a negative Retry-After",
    script: { stream: () => ({ status: 429, retryAfterSeconds: -9 }) },
  },
  { it: "every watch ends at once", script: { stream: () => ({ after: "ends" }) } },
  { it: "every watch breaks at once", script: { stream: () => ({ after: "breaks" }) } },
  {
    it: "every watch ends after the first list",
    script: { stream: () => ({ chunks: [initialEnd("80")], after: "ends" }) },
  },
  {
    it: "every watch sends one event and ends",
    script: { stream: () => ({ chunks: [frame("ADDED", pod("a", "9"))], after: "ends" }) },
  },
  {
    it: "every watch sends one event and breaks",
    script: { stream: () => ({ chunks: [frame("ADDED", pod("a", "9"))], after: "breaks" }) },
  },
  {
    it: "every watch lists well and says 410",
    script: { stream: () => ({ chunks: [initialEnd("80"), frame("ERROR", { code: 410 })] }) },
  },
  {
    it: "every watch works for half a minute and breaks",
    script: {
      stream: () => ({ chunks: [initialEnd("80"), 31_000, frame("ADDED", pod("a", "9"))], after: "breaks" }),
    },
  },
  {
    it: "every first list takes half a minute and the watch after it breaks",
    script: { stream: () => ({ chunks: [31_000, initialEnd("80"), frame("ERROR", { code: 410 })] }) },
  },
  { it: "every watch is no watch", script: { stream: () => ({ chunks: ["{}\n"] }) } },
  {
    it: "lists are fine, every watch is 410",
    script: { stream: (_, index) => (index === 0 ? noInitialEvents : refusal(410, "Gone")), request: () => listed },
  },
  {
    it: "lists are fine, every watch sends a bookmark and ends",
    script: {
      stream: (_, index) => (index === 0 ? noInitialEvents : { chunks: [bookmark("81")], after: "ends" }),
      request: () => listed,
    },
  },
  {
    it: "lists are fine, every watch sends an event and then 410",
    script: {
      stream: (_, index) =>
        index === 0 ? noInitialEvents : { chunks: [frame("MODIFIED", pod("a", "81")), frame("ERROR", { code: 410 })] },
      request: () => listed,
    },
  },
  {
    it: "a continue token always expires",
    script: {
      stream: () => noInitialEvents,
      request: ({ query = {} }) => (query["continue"] === undefined ? page([], "1", "next") : refusal(410, "Expired")),
    },
  },
];

describe("a server that does not work is asked less than once in four seconds on average", () => {
  it.each(deadServers)("$it", async ({ script }) => {
    const stage = start(script);
    await stage.advance(60 * MINUTE);

    expect(stage.seen.length).toBeLessThan(CALLS_AT_ONCE_MAX);
    expect(stage.seen.length / 3600).toBeLessThan(0.25);
    expect(stage.seen.length).toBeGreaterThan(20);
    stage.reflector.stop();
  });
});

it("no call of any kind ever asks for version 0", async () => {
  const wantNone = ({ query = {} }: { query?: Readonly<Record<string, string>> }): boolean =>
    query["resourceVersion"] === "0";
  const calls = await Promise.all(
    deadServers.map(async ({ script }) => {
      const stage = start(script);
      await stage.advance(5 * MINUTE);
      stage.reflector.stop();
      return stage.seen;
    }),
  );

  expect(calls.flat().filter(wantNone)).toEqual([]);
});
