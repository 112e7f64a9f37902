import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { removeLeftovers } from "./build.ts";

test("what an interrupted build left goes, what was built stays", async ({ onTestFinished }) => {
  const dir = await mkdtemp(join(tmpdir(), "stint-build-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  const whole = ["bin/kube", "bin/runc", "cni/bridge", "images/pause.tar", "build.lock"];
  const half = [".work-Ab12/kube", "bin/runc.4711", "cni/bridge.4711", "images/.image-Ab12/layer.tar"];
  for (const name of [...whole, ...half]) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), "");
  }
  await removeLeftovers(dir);
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const left = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));

  expect(left.toSorted()).toEqual(whole.map((name) => join(dir, name)).toSorted());
});
