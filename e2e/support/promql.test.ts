import { expect, it } from "vitest";
import { exportedBy, missingIn, queryOf } from "./promql.ts";

it("finds the metrics and labels of a query", () => {
  const query = 'sum by (a, le) (rate(x_bucket{b="y{z=1}",c!~"d"}[5m])) / on (e) group_left () max(w) > 3 unless up';

  expect(queryOf(query)).toEqual({
    selectors: [
      { metric: "x_bucket", labels: ["b", "c"] },
      { metric: "w", labels: [] },
      { metric: "up", labels: [] },
    ],
    grouped: ["a", "le", "e"],
  });
});

it("reads the labels of what is exported", () => {
  const page = '# TYPE x counter\nx{a="1",b="with \\"quotes\\" and {c=\\"1\\"}"} 2\nx{a="2"} 0\ny 1.5e-7\n';

  expect(exportedBy(page)).toEqual(
    new Map([
      ["x", new Set(["a", "b"])],
      ["y", new Set()],
    ]),
  );
});

it("says what is not there", () => {
  const exported = exportedBy('x{a="1"} 1\n');

  expect(missingIn('sum by (pod, a) (x{a="1",namespace=~".*"})', exported)).toEqual([]);
  expect(missingIn('sum by (d) (x{b="1"}) + z', exported)).toEqual([
    "x has no label b",
    "there is no metric z",
    "nothing in it has the label d it groups by",
  ]);
});
