import { afterEach, describe, expect, it } from "vitest";
import { aWorld } from "../testing/scripted.ts";
import { serveEndpoints, type Endpoints } from "./endpoints.ts";
import { STALE_WATCH_LIMIT_MS, type Vitals } from "./health.ts";
import type { Address } from "./listener.ts";

const OK = { wantStatus: 200, wantText: /^ok$/m };
const ANY_PORT = { host: "127.0.0.1", port: 0 };
let server: Endpoints | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

it.each<{ name: string; path: string; vitals: Partial<Vitals>; wantStatus: number; wantText: RegExp }>([
  { name: "a fresh watch", path: "/healthz", vitals: { watches: () => [watch(1_000)] }, ...OK },
  { name: "no watch yet", path: "/healthz", vitals: {}, ...OK },
  {
    name: "a stale watch",
    path: "/healthz",
    vitals: { watches: () => [watch(STALE_WATCH_LIMIT_MS + 1)] },
    wantStatus: 503,
    wantText: /pods in a silent for 900 s/,
  },
  { name: "lists done", path: "/readyz", vitals: {}, ...OK },
  {
    name: "lists under way",
    path: "/readyz",
    vitals: { notReady: () => "first lists are under way" },
    wantStatus: 503,
    wantText: /first lists are under way/,
  },
  {
    name: "another replica at work",
    path: "/readyz",
    vitals: { standing: () => "standing by: b_2 leads" },
    wantStatus: 200,
    wantText: /^standing by: b_2 leads$/m,
  },
  {
    name: "a Lease that cannot be read",
    path: "/readyz",
    vitals: { notReady: () => "the Lease cannot be read", standing: () => undefined },
    wantStatus: 503,
    wantText: /the Lease cannot be read/,
  },
  {
    name: "nothing done about the Lease",
    path: "/healthz",
    vitals: { stuck: () => "nothing was done for 120 s" },
    wantStatus: 503,
    wantText: /nothing was done for 120 s/,
  },
  { name: "metrics", path: "/metrics?x=1", vitals: {}, wantStatus: 200, wantText: /^some_metric 1$/m },
  {
    name: "metrics that fail",
    path: "/metrics",
    vitals: { scrape: () => Promise.reject(new Error("broken")) },
    wantStatus: 500,
    wantText: /^failed: the operator's log says why$/m,
  },
  { name: "another path", path: "/", vitals: {}, wantStatus: 404, wantText: /try \/healthz/ },
])("with $name, $path answers $wantStatus", async ({ path, vitals, wantStatus, wantText }) => {
  const { status, text } = await get(path, vitals);

  expect(status).toBe(wantStatus);
  expect(text).toMatch(wantText);
});

it("takes no other method", async () => {
  expect((await get("/metrics", {}, "POST")).status).toBe(405);
});

it("says why it cannot listen, and which flag helps", async () => {
  server = await serve({});
  const taken = { host: "127.0.0.1", port: Number(new URL(server.metricsUrl).port) };

  await expect(serve({}, taken)).rejects.toThrow(/EADDRINUSE.*--metrics-address/);
  await expect(serve({}, ANY_PORT, taken)).rejects.toThrow(/EADDRINUSE.*--health-address/);
});

it("serves health at an address of its own too, and no metrics there", async () => {
  server = await serve({ notReady: () => "busy" }, ANY_PORT, ANY_PORT);
  const at = async (url: string | undefined, path: string): Promise<number> => (await fetch(`${url}${path}`)).status;

  expect(await at(server.healthUrl, "/healthz")).toBe(200);
  expect(await at(server.healthUrl, "/readyz")).toBe(503);
  expect(await at(server.healthUrl, "/metrics")).toBe(404);
  expect(await at(server.metricsUrl, "/healthz")).toBe(200);
  expect(await at(server.metricsUrl, "/metrics")).toBe(200);
});

it("closes at once although a scraper keeps its connection", async () => {
  await get("/metrics", {});
  const start = performance.now();
  await server?.close();

  // The scraper would give its connection up after four seconds.
  expect(performance.now() - start).toBeLessThan(3_000);
});

function watch(ageMs: number): { resource: string; namespace: string; ageMs: number } {
  return { resource: "pods", namespace: "a", ageMs };
}

function vitalsWith(differing: Partial<Vitals>): Vitals {
  return {
    notReady: () => undefined,
    watches: () => [],
    scrape: () => Promise.resolve("some_metric 1\n"),
    contentType: "text/plain; version=0.0.4",
    ...differing,
  };
}

async function serve(
  vitals: Partial<Vitals>,
  metricsAddress: Address = ANY_PORT,
  healthAddress?: Address,
): Promise<Endpoints> {
  const { clock, log, api } = aWorld().port;
  const where = { metricsAddress, healthAddress, metricsTlsFolder: undefined };
  return await serveEndpoints({ ...where, vitals: vitalsWith(vitals), clock, log, api });
}

async function get(path: string, vitals: Partial<Vitals>, method = "GET"): Promise<{ status: number; text: string }> {
  server = await serve(vitals);
  const response = await fetch(`${server.metricsUrl}${path}`, { method });
  return { status: response.status, text: await response.text() };
}

describe("listening", () => {
  it("without a host takes every address, and says which that is", async () => {
    server = await serve({}, { host: "", port: 0 });
    const { hostname, port } = new URL(server.metricsUrl);

    expect(["[::]", "0.0.0.0"]).toContain(hostname);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });
});
