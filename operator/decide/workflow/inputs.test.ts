import { describe, expect, it } from "vitest";
import { runField } from "./inputs.ts";
import type { RunFacts } from "./inputs.ts";
import { RUN_FIELDS } from "./references.ts";

const RUN: RunFacts = {
  name: "sales-1",
  namespace: "shop",
  uid: "u-1",
  createdAt: "2026-11-21T23:30:00Z",
  params: new Map([
    ["b", "1"],
    ["a", 'say "hi"'],
  ]),
};
const INTERVAL = { start: "2026-03-01T00:30:00+02:00", end: "2026-03-02T00:30:00+02:00" };

describe("fields of a run", () => {
  it.each([
    ["name", "sales-1"],
    ["namespace", "shop"],
    ["uid", "u-1"],
    ["ds", "2026-11-21"],
    ["dsNodash", "20261121"],
    ["ts", "2026-11-21T23:30:00Z"],
    ["dataIntervalStart", "2026-11-21T23:30:00Z"],
    ["dataIntervalEnd", "2026-11-21T23:30:00Z"],
    ["params", '{"b":"1","a":"say \\"hi\\""}'],
    ["status", undefined],
    ["constructor", undefined],
    ["__proto__", undefined],
    ["createdAt", undefined],
  ])("%s is %s", (field, want) => {
    expect(runField(field, RUN)).toBe(want);
  });

  it.each([
    ["ds", "2026-02-28"],
    ["dsNodash", "20260228"],
    ["ts", INTERVAL.start],
    ["dataIntervalStart", INTERVAL.start],
    ["dataIntervalEnd", INTERVAL.end],
  ])("%s is %s with a data interval: dates are in UTC", (field, want) => {
    expect(runField(field, { ...RUN, dataInterval: INTERVAL })).toBe(want);
  });

  it("status is there for finally", () => {
    expect(runField("status", { ...RUN, status: "Failed" })).toBe("Failed");
  });

  it("params keep their order, also where names look like numbers or __proto__", () => {
    const params = new Map([
      ["b", "1"],
      ["7", "2"],
      ["__proto__", "3"],
    ]);

    expect(runField("params", { ...RUN, params })).toBe('{"b":"1","7":"2","__proto__":"3"}');
    expect(runField("params", { ...RUN, params: new Map() })).toBe("{}");
  });

  it("a time that is none has no date", () => {
    expect(runField("ds", { ...RUN, createdAt: "soon" })).toBeUndefined();
  });

  it("every field a text can name is known here", () => {
    const run = { ...RUN, status: "Succeeded" };

    expect(RUN_FIELDS.filter((field) => runField(field, run) === undefined)).toEqual([]);
  });
});
