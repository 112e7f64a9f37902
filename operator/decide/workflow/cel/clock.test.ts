import { afterEach, describe, expect, it } from "vitest";
import { FIELDS, clock } from "./clock.ts";

const shown = (time: string, zone?: string): string => clock(Date.parse(time), zone).toISOString();

describe("what a clock shows", () => {
  const zoneOfProcess = process.env["TZ"];
  afterEach(() => {
    if (zoneOfProcess === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zoneOfProcess;
  });

  it.each([
    ["2026-11-28T23:30:00.250Z", undefined, "2026-11-28T23:30:00.250Z"],
    ["2026-11-28T23:30:00.250Z", "UTC", "2026-11-28T23:30:00.250Z"],
    ["2026-11-28T23:30:00.250Z", "Europe/Berlin", "2026-11-29T00:30:00.250Z"],
    ["2026-07-01T00:00:00Z", "America/New_York", "2026-06-30T20:00:00.000Z"],
    ["2026-11-28T23:30:00Z", "+05:30", "2026-11-29T05:00:00.000Z"],
    ["2026-11-28T23:30:00Z", "02:00", "2026-11-29T01:30:00.000Z"],
    ["2026-11-28T00:30:00Z", "-02:00", "2026-11-27T22:30:00.000Z"],
    ["0001-01-01T00:00:00Z", "UTC", "0001-01-01T00:00:00.000Z"],
  ])("at %s in %s is %s", (time, zone, want) => {
    expect(shown(time, zone)).toBe(want);
  });

  it("does not depend on the zone of the process, where this hour does not exist", () => {
    process.env["TZ"] = "Europe/Berlin";

    expect(shown("2026-03-29T02:30:00Z")).toBe("2026-03-29T02:30:00.000Z");
    expect(FIELDS.get("getHours")?.(clock(Date.parse("2026-03-29T02:30:00Z"), undefined))).toBe(2);
  });

  it("in no zone at all is an error that names it", () => {
    expect(() => clock(0, "Mars/Olympus")).toThrow('"Mars/Olympus" is no time zone');
  });

  it("has the days of years from 0, leap years included", () => {
    const dayOf = (time: string): number | undefined => FIELDS.get("getDayOfYear")?.(new Date(time));

    expect(["2026-01-01T00:00:00Z", "2026-12-31T23:59:59Z", "2024-12-31T23:59:59Z"].map(dayOf)).toEqual([0, 364, 365]);
  });
});
