import { describe, expect, test } from "vitest";
import { buildName, cacheDir, isAtLeast, wantedGo } from "./versions.ts";

describe("versions", () => {
  test("a changed module gives another build folder", () => {
    expect(buildName("a")).not.toBe(buildName("b"));
    expect(buildName("a")).toMatch(/^kubernetes-v\d+\.\d+\.\d+-[0-9a-f]{8}$/);
  });

  test("the build folder follows XDG_CACHE_HOME", () => {
    expect(cacheDir({ XDG_CACHE_HOME: "/c" })).toMatch(/^\/c\/stint\/kubernetes-/);
    expect(cacheDir({ XDG_CACHE_HOME: "" })).toMatch(/\/\.cache\/stint\/kubernetes-/);
  });

  test("the wanted Go comes from go.mod", () => {
    expect(wantedGo("module x\n\ngo 1.26.0\n")).toBe("1.26.0");
    expect(() => wantedGo("module x")).toThrow("no Go version");
  });

  test.each([
    ["1.26.8", "1.26.0", true],
    ["1.26", "1.26.0", true],
    ["1.9.9", "1.26.0", false],
    ["2.0", "1.26.0", true],
    ["1.26.0", "1.26.1", false],
  ])("Go %s is enough for %s: %s", (have, want, wantEnough) => {
    expect(isAtLeast(have, want)).toBe(wantEnough);
  });
});
