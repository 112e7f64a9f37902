import { expect, it } from "vitest";
import { parseTable } from "./kubectl.ts";
import { sumOf } from "./operator.ts";

it("reads a table of kubectl by its columns, empty cells included", () => {
  const text = [
    "NAME   STATUS    REASON       ATTEMPT   LAST SEEN",
    "a      Pending                          5s",
    "b      Failed    OOMKilled    1         6s",
    "",
  ].join("\n");

  expect(parseTable(text)).toEqual([
    { NAME: "a", STATUS: "Pending", REASON: "", ATTEMPT: "", "LAST SEEN": "5s" },
    { NAME: "b", STATUS: "Failed", REASON: "OOMKilled", ATTEMPT: "1", "LAST SEEN": "6s" },
  ]);
});

it("sums a metric over the label sets that match", () => {
  const text = ["# HELP a_total x", 'a_total{verb="get",code="200"} 2', 'a_total{verb="get",code="404"} 3', "b 7"].join(
    "\n",
  );

  expect(sumOf(text, "a_total", {})).toBe(5);
  expect(sumOf(text, "a_total", { code: "404" })).toBe(3);
  expect(sumOf(text, "b", {})).toBe(7);
  expect(sumOf(text, "c", {})).toBe(0);
});
