/** What the README promises is shown: each promise is part of the name of a test on a real cluster. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const FOLDER = join(import.meta.dirname, "..");

const promises = promisesOf(readFileSync(join(FOLDER, "../README.md"), "utf8"));
const tests = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => readFileSync(join(FOLDER, name), "utf8").toLowerCase());

it("the README has promises", () => {
  expect(promises.length).toBeGreaterThan(5);
});

it.each(promises)("a test says: %s", (promise) => {
  const titles = tests.flatMap((text) => text.split("\n").filter((line) => /["`]/.test(line)));
  expect(titles.filter((line) => line.includes(promise.toLowerCase())).length).toBeGreaterThan(0);
});

/** The bold words of the list of promises, up to what is not promised. */
function promisesOf(readme: string): readonly string[] {
  const from = readme.indexOf("## What is promised");
  const list = readme.slice(from, readme.indexOf("Not promised", from));
  return [...list.matchAll(/^- \*\*(.+?)\.?\*\*/gm)].map(([, words = ""]) => words);
}
