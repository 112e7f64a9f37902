import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import packageLock from "../package-lock.json" with { type: "json" };
import { BUILD } from "./version.ts";

const ROOT = join(import.meta.dirname, "..");

it("is the newest one of the changelog, and the lock file's", () => {
  const changelog = readFileSync(join(ROOT, "CHANGELOG.md"), "utf8");
  const headings = [...changelog.matchAll(/^## (\S+)$/gm)].map(([, version]) => version);

  expect(headings[0]).toBe(BUILD.version);
  expect(headings.at(-1)).toBe("0.1.0");
  expect(packageLock.version).toBe(BUILD.version);
  expect(packageLock.packages[""].version).toBe(BUILD.version);
});

it("knows no commit when it runs from source", () => {
  expect(BUILD).toMatchObject({ commit: "unknown", node: process.version });
});
