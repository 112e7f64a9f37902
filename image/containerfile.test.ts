import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SETTINGS } from "./contents.ts";

const CONTAINERFILE = join(import.meta.dirname, "../manifests/Containerfile");

it("has the settings that manifests/Containerfile gives the image of an ordinary builder", () => {
  const text = readFileSync(CONTAINERFILE, "utf8");
  const last = text.slice(text.lastIndexOf("\nFROM ")).split("\n");
  const said = (word: string): readonly string[] =>
    last.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));

  expect(said("FROM")).toEqual(["scratch"]);
  expect({
    workingDir: said("WORKDIR").at(-1),
    user: said("USER").at(-1),
    entrypoint: JSON.parse(said("ENTRYPOINT").at(-1) ?? ""),
    env: said("ENV"),
  }).toEqual(SETTINGS);
});
