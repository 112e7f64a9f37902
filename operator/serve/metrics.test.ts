import { expect, it } from "vitest";
import { makeMetrics } from "./metrics.ts";

const BUILD = { version: "1.2.3", commit: "abc", node: "v24.0.0" };

it("counts, observes and sets by labels", async () => {
  const metrics = makeMetrics({ build: BUILD, watches: () => [] });
  const { meter } = metrics;
  meter.count("reconciles", { kind: "TaskRun", result: "done" });
  meter.count("reconciles", { kind: "TaskRun", result: "done" });
  meter.count("apiRequests", { verb: "create", resource: "pods", code: "201" });
  meter.observe("apiRequest", { verb: "create", resource: "pods" }, 0.004);
  meter.set("queueDepth", { kind: "TaskRun", namespace: "a" }, 7);
  meter.set("queueDepth", { kind: "TaskRun", namespace: "b" }, 2);
  meter.set("inFlightLimit", {}, 30);

  const text = await metrics.scrape();

  for (const want of [
    'stint_reconciles_total{kind="TaskRun",result="done"} 2',
    'stint_api_requests_total{verb="create",resource="pods",code="201"} 1',
    'stint_api_request_duration_seconds_bucket{le="0.005",verb="create",resource="pods"} 1',
    'stint_workqueue_depth{kind="TaskRun",namespace="a"} 7',
    'stint_workqueue_depth{kind="TaskRun",namespace="b"} 2',
    "stint_in_flight_limit 30",
    'stint_build_info{version="1.2.3",commit="abc",node="v24.0.0"} 1',
    "nodejs_eventloop_lag_p99_seconds",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
  ]) {
    expect(text).toContain(want);
  }
});

it("asks for the age of each watch when scraped, and forgets watches that are gone", async () => {
  let watches = [{ resource: "pods", namespace: "a", ageMs: 1_500 }];
  const metrics = makeMetrics({ build: BUILD, watches: () => watches });
  expect(await metrics.scrape()).toContain('stint_watch_age_seconds{resource="pods",namespace="a"} 1.5');

  watches = [];

  expect(await metrics.scrape()).not.toContain("stint_watch_age_seconds{");
});

it("keeps two sets of metrics apart", async () => {
  const first = makeMetrics({ build: BUILD, watches: () => [] });
  const second = makeMetrics({ build: BUILD, watches: () => [] });
  first.meter.count("attempts", { reason: "ExitCode", class: "Application" });

  expect(await second.scrape()).not.toContain('stint_attempts_total{reason="ExitCode"}');
});

it("describes each metric and ends counters and units as Prometheus wants", async () => {
  const text = await makeMetrics({ build: BUILD, watches: () => [] }).scrape();
  const types = [...text.matchAll(/^# TYPE (stint_\S+) (\S+)$/gm)];
  const endings: Record<string, RegExp> = { counter: /_total$/, histogram: /_seconds$/, gauge: /[a-z]$/ };

  expect(types.length).toBeGreaterThan(11);
  for (const [, name, type] of types) {
    expect(name).toMatch(endings[type!]!);
    expect(text).toMatch(new RegExp(`^# HELP ${name} [A-Z].*\\.$`, "m"));
  }
});
