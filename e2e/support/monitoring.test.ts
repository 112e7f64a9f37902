/** Alerts and dashboard fit the metrics, the documentation and each other. What Prometheus says of them: e2e/monitoring.test.ts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { COUNTERS, GAUGES, HISTOGRAMS, SCRAPED } from "../../operator/serve/catalogue.ts";
import { makeMetrics } from "../../operator/serve/metrics.ts";
import { dashboardQueries, readDashboard, readRules } from "./monitoring.ts";
import { exportedBy, missingIn, queryOf } from "./promql.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/monitoring.md"), "utf8");
const alerts = readRules().groups.flatMap(({ rules }) => rules);
const dashboard = readDashboard();
const exported = await allExported();

/** Our own with all their labels, and what the process shows of itself. */
async function allExported(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const metrics = makeMetrics({ build: { version: "1", commit: "a", node: "v24" }, watches: () => [] });
  const found = new Map(exportedBy(await metrics.scrape()));
  for (const { name, labels } of [...Object.values(COUNTERS), ...Object.values(GAUGES)])
    found.set(name, new Set(Object.keys(labels)));
  for (const { name, labels } of Object.values(SCRAPED)) found.set(name, new Set<string>(labels));
  for (const { name, labels } of Object.values(HISTOGRAMS))
    for (const part of ["bucket", "sum", "count"]) found.set(`${name}_${part}`, new Set(Object.keys(labels)));
  // Of a process that has not collected any garbage yet there is no sample.
  found.set("nodejs_gc_duration_seconds_sum", new Set(["kind"]));
  return found;
}

describe.each(alerts)("the alert $alert", ({ alert, expr, labels, annotations }) => {
  it("asks for what there is", () => {
    expect(missingIn(expr, exported)).toEqual([]);
  });

  it("has a severity, says what is wrong, and what to do stands in the documentation", () => {
    expect(["critical", "warning", "info"]).toContain(labels["severity"]);
    expect(annotations).toEqual({
      summary: expect.stringMatching(/^\S.*[^.]$/),
      description: expect.stringMatching(/\.$/),
      runbook: `docs/monitoring.md, ${alert}`,
    });
    expect(page).toContain(`\n### ${alert}\n`);
  });

  it("names only labels that its result has", () => {
    const { grouped } = queryOf(expr);
    const named = Object.values(annotations).flatMap((text) =>
      [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label = ""]) => label),
    );
    const has = expr.startsWith("sum by") || grouped.includes("job") ? grouped : [];

    expect(named.filter((label) => ![...has, "instance"].includes(label))).toEqual([]);
  });
});

it("the documentation has no alert that is not there", () => {
  const documented = [...page.matchAll(/^### (Stint\w+)$/gm)].map(([, name = ""]) => name);

  expect(documented.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
});

describe("the dashboard", () => {
  const { panels } = dashboard;

  it.each([...dashboardQueries(dashboard)])("%s asks for what there is", (_, query) => {
    expect(missingIn(query, exported)).toEqual([]);
  });

  it("shows every metric of our own but those that only alerts and tables need", () => {
    const queries = [...dashboardQueries(dashboard).values()];
    const shown = new Set(queries.flatMap((query) => queryOf(query).selectors.map(({ metric }) => metric)));
    const all = [COUNTERS, HISTOGRAMS, GAUGES, SCRAPED].flatMap((part) => Object.values(part).map(({ name }) => name));

    expect(all.filter((name) => !shown.has(name) && !shown.has(`${name}_bucket`))).toEqual([]);
  });

  it("takes its data from the datasource one chooses, for the namespaces and jobs one chooses", () => {
    const asking = panels.filter(({ type }) => type !== "row");
    expect(new Set(asking.map(({ datasource }) => datasource?.uid))).toEqual(new Set(["${datasource}"]));
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(["datasource", "namespace", "job"]);
    const deaf = asking
      .flatMap(({ targets = [] }) => targets)
      .filter(({ expr }) => expr.split("$namespace").length - 1 !== queryOf(expr).selectors.length);
    expect(deaf).toEqual([]);
  });

  it("names in legends only what its queries group by", () => {
    const wrong = panels
      .flatMap(({ targets = [] }) => targets)
      .filter(({ expr, legendFormat }) =>
        [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].some(([, label = ""]) => !queryOf(expr).grouped.includes(label)),
      );
    expect(wrong).toEqual([]);
  });

  it("has panels that do not lie on each other, each with an id of its own", () => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
  });
});
