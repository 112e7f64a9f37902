import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { SETTINGS } from "./operatorimage.ts";

const DOCKERFILE = new URL("../../manifests/Dockerfile", import.meta.url);

it("makes the image that manifests/Dockerfile makes", () => {
  const lines = readFileSync(DOCKERFILE, "utf8").split("\n");
  const said = (word: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));

  expect({
    workingDir: said("WORKDIR").at(-1),
    user: said("USER").at(-1),
    entrypoint: JSON.parse(said("ENTRYPOINT").at(-1) ?? ""),
    env: said("ENV"),
  }).toEqual(SETTINGS);
});
