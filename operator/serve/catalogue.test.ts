/** The metrics are bounded, and docs/monitoring.md says of each what it is. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { COUNTERS, GAUGES, HISTOGRAMS, OTHER, SCRAPED, WATCHED, bounded } from "./catalogue.ts";
import type { Described, DescribedHistogram } from "./catalogue.ts";
import { makeMetrics } from "./metrics.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/monitoring.md"), "utf8");
const BUILD = { version: "1", commit: "a", node: "v24" };

type Any = Described<object> | DescribedHistogram<object>;

const ours: readonly (readonly [string, string, Any])[] = [
  ...Object.entries<Any>(COUNTERS).map(([key, one]) => ["counter", key, one] as const),
  ...Object.entries<Any>(HISTOGRAMS).map(([key, one]) => ["histogram", key, one] as const),
  ...Object.entries<Any>(GAUGES).map(([key, one]) => ["gauge", key, one] as const),
];

/** How many time series of one replica there can be, whatever happens; the word "other" counts with each label. */
function seriesMax({ labels, ...more }: Any): string {
  const lists = Object.values<ReadonlySet<string> | "namespaces">({ ...labels });
  const words = lists.map((list) => (list === "namespaces" ? 1 : list.size + 1));
  // Each bucket, +Inf, the sum and the count.
  const parts = "buckets" in more ? more.buckets.length + 3 : 1;
  const count = words.reduce((product, size) => product * size, parts);
  return lists.includes("namespaces") ? `${count} per namespace` : String(count);
}

/** The row of the documentation's table. */
function rowOf(type: string, described: Any): string {
  const { name, help, labels } = described;
  const names = Object.keys(labels).map((label) => `\`${label}\``);
  const text = help.replaceAll("|", "\\|");
  return [`| \`${name}\``, type, names.join(", "), seriesMax(described), text].join(" | ").replaceAll("  ", " ");
}

/** The rows of a table, without what only lines up its columns. */
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.replaceAll(/ {2,}/g, " ").replace(/ \|$/, ""));

describe("docs/monitoring.md", () => {
  it.each(ours)("has the %s %s as it is", (type, _, described) => {
    expect(rows).toContain(rowOf(type, described));
  });

  it("has every metric that the operator exports, and no other", async () => {
    const text = await makeMetrics({ build: BUILD, watches: () => [] }).scrape();
    const exported = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = ""]) => name);
    const documented = rows.flatMap((row) => /^\| `((?:stint|process|nodejs)_\w+)`/.exec(row)?.[1] ?? []);

    expect(documented.toSorted()).toEqual(exported.toSorted());
  });

  it("has the resources of the watches", () => {
    for (const resource of WATCHED) expect(page).toContain(`\`${resource}\``);
    expect(page).toContain(`\`${SCRAPED.watchAge.name}\``);
  });
});

describe("no label takes what users or other programs write:", () => {
  const NAME = "name-of-some-object-7f9c";

  it.each(ours)("%s %s", async (type, key, { name, labels }) => {
    const metrics = makeMetrics({ build: BUILD, watches: () => [] });
    const words = Object.fromEntries(Object.keys(labels).map((label) => [label, NAME]));
    // As a bug, or a status that somebody else wrote, would have it.
    const call: Readonly<Record<string, (...args: readonly unknown[]) => void>> = { ...metrics.meter } as never;
    if (type === "counter") call["count"]?.(key, words);
    else call[type === "gauge" ? "set" : "observe"]?.(key, words, 1);
    const samples = (await metrics.scrape()).split("\n").filter((line) => line.startsWith(name) && line.includes(NAME));

    const free = Object.entries(labels).filter(([, values]) => values === "namespaces");
    expect(samples.every((line) => line.split(NAME).length - 1 === free.length)).toBe(true);
    if (free.length === 0) expect(samples).toEqual([]);
  });

  it("the only label without a list is the namespace of a queue, which the operator's own flag names", () => {
    const free = ours.flatMap(([, , { name, labels }]) =>
      Object.entries(labels).flatMap(([label, values]) => (values === "namespaces" ? [`${name} ${label}`] : [])),
    );
    expect(free).toEqual(["stint_workqueue_depth namespace"]);
  });

  it("a word on the list stays, any other becomes one word", () => {
    const allowed = { reason: new Set(["a"]), namespace: "namespaces" } as const;
    expect(bounded({ reason: "a", namespace: "n" }, allowed)).toEqual({ reason: "a", namespace: "n" });
    expect(bounded({ reason: "b", namespace: "" }, allowed)).toEqual({ reason: OTHER, namespace: "" });
  });
});
