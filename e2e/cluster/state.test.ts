import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { claimDir, readState } from "./state.ts";

let top = "";

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), "stint-state-"));
});
afterAll(() => rm(top, { recursive: true }));

test.each([
  ["a new folder", undefined],
  ["an empty folder", []],
  ["a folder that another start just locked", ["up.lock", "cluster.json.new"]],
  ["a cluster's folder", ["cluster.json", "etcd", "up.lock"]],
])("%s may be used", async (name, files) => {
  await expect(claimDir(await folder(name, files))).resolves.toBeUndefined();
});

test.each([
  ["somebody's folder", ["notes.txt"]],
  ["a folder whose files only have the same names", ["config", "logs"]],
])("%s is refused", async (name, files) => {
  await expect(claimDir(await folder(name, files))).rejects.toThrow("holds other files");
});

test("a file of that name that is not ours is no state", async () => {
  const dir = await folder("other", []);
  expect(await readState(dir)).toBeUndefined();
  await writeFile(join(dir, "cluster.json"), '{"name":"x"}');
  await expect(readState(dir)).rejects.toThrow("not a state file of ours");
});

async function folder(name: string, files: readonly string[] | undefined): Promise<string> {
  const dir = join(top, name);
  if (files === undefined) return dir;
  await mkdir(dir);
  await Promise.all(files.map((file) => writeFile(join(dir, file), "")));
  return dir;
}
