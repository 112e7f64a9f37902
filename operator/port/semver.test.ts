import { describe, expect, it } from "vitest";
import { compareVersions } from "./semver.ts";

/** The order of semver.org, section 11, and what a Stint may be called. */
const IN_ORDER = [
  "0.2.0-rc.1",
  "0.2.0",
  "0.10.0",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-alpha.beta",
  "1.0.0-beta",
  "1.0.0-beta.2",
  "1.0.0-beta.11",
  "1.0.0-rc.1",
  "1.0.0",
  "1.0.1",
  "2.0.0",
];

describe("versions", () => {
  it("have semver's order", () => {
    const pairs = IN_ORDER.flatMap((a, i) => IN_ORDER.map((b, j) => [a, b, Math.sign(i - j)] as const));

    expect(pairs.filter(([a, b, want]) => Math.sign(compareVersions(a, b)) !== want)).toEqual([]);
  });

  it("are alike whatever they were built from", () => {
    expect(compareVersions("1.0.0+a", "1.0.0+b")).toBe(0);
    expect(compareVersions("1.0.0-rc.1+a", "1.0.0+a")).toBeLessThan(0);
  });

  it.each(["garbage", "v1.0.0"])("that are none count as later, so that what they wrote is left alone: %s", (odd) => {
    expect(compareVersions(odd, "1.0.0")).toBeGreaterThan(0);
  });
});
