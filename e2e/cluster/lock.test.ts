import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lockHolder, takeLock } from "./lock.ts";

const options = { patienceMs: 0, onWait: (): void => undefined };
let dir = "";

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "stint-lock-"));
});
afterAll(() => rm(dir, { recursive: true }));

test("a lock is held until it is released", async () => {
  const path = join(dir, "held");
  const release = await takeLock(path, options);
  expect((await lockHolder(path))?.pid).toBe(process.pid);
  await expect(takeLock(path, options)).rejects.toThrow(`process ${process.pid} holds`);
  await release();
  await (
    await takeLock(path, options)
  )();
});

test.each([
  ["of a process that ended", JSON.stringify({ pid: process.pid, startedAt: "1" })],
  ["that was written half", '{"pid'],
])("a lock %s is broken", async (_, content) => {
  const path = join(dir, "stale");
  await writeFile(path, content);
  const release = await takeLock(path, options);
  expect((await lockHolder(path))?.pid).toBe(process.pid);
  await release();
});
