import { chown, mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { down } from "./cluster.ts";
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

test("a folder of ours is closed to others", async () => {
  const dir = await folder("open", []);
  await claimDir(dir);
  expect((await stat(dir)).mode & 0o777).toBe(0o700);
});

test("a link is not followed", async () => {
  const target = await folder("target", []);
  const dir = join(top, "link");
  await symlink(target, dir);
  for (const use of [claimDir, readState, down]) await expect(use(dir)).rejects.toThrow("a link is not followed");
});

const NOBODY = 65_534;
const STATE = JSON.stringify({ id: "abcdef", components: [], realNodes: [] });

describe.skipIf(process.getuid?.() !== 0)("as root", () => {
  test("the folder of another user is neither written into nor believed nor removed", async () => {
    const dir = await folder("foreign", []);
    await writeFile(join(dir, "cluster.json"), STATE);
    await chown(dir, NOBODY, NOBODY);
    for (const use of [claimDir, readState, down]) {
      await expect(use(dir)).rejects.toThrow(`belongs to another user (id ${NOBODY})`);
    }
  });

  test("a state file that another user put into our folder is not believed", async () => {
    const dir = await folder("planted", []);
    const file = join(dir, "cluster.json");
    await writeFile(file, STATE);
    expect(await readState(dir)).toMatchObject({ id: "abcdef" });
    await chown(file, NOBODY, NOBODY);
    await expect(readState(dir)).rejects.toThrow("not a state file of ours");
  });
});

async function folder(name: string, files: readonly string[] | undefined): Promise<string> {
  const dir = join(top, name);
  if (files === undefined) return dir;
  await mkdir(dir);
  await Promise.all(files.map((file) => writeFile(join(dir, file), "")));
  return dir;
}
