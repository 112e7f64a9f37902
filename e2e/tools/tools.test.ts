import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sourceName, toolsDir } from "./tools.ts";

test("tools are kept in the user's cache", () => {
  expect(toolsDir({ XDG_CACHE_HOME: "/cache" })).toBe("/cache/stint/tools");
  expect(toolsDir({})).toMatch(/\/\.cache\/stint\/tools$/);
});

test("a program of the tree gets another name as soon as a file of it changes", async ({ onTestFinished }) => {
  const dir = await mkdtemp(join(tmpdir(), "stint-tools-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, "main.go"), "package main\n");
  const first = sourceName(dir);
  expect(sourceName(dir)).toBe(first);
  await writeFile(join(dir, "main.go"), "package main // new\n");
  const changed = sourceName(dir);
  await writeFile(join(dir, "go.mod"), "module gitops\n");

  expect(new Set([first, changed, sourceName(dir)]).size).toBe(3);
});
