import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { endProcess, identityOf, isAlive, killProcess, launch, recordedProcess, startTicks } from "./process.ts";

/** A shell starts in milliseconds; on a machine with other work we saw seconds. */
const PATIENCE = { timeout: 50_000, interval: 20 };

const env = { PATH: process.env["PATH"] ?? "" };

describe("process", () => {
  test("the start time is found behind any command name", () => {
    const fields = (state: string): string =>
      `7 (a b) c) ${state} ${Array.from({ length: 30 }, (_, i) => i + 4).join(" ")}`;
    expect(startTicks(fields("S"))).toBe("22");
    expect(startTicks(fields("Z"))).toBeUndefined();
  });

  test("we live, and a process with our number but another start does not", () => {
    const own = identityOf(process.pid);
    expect(own && isAlive(own)).toBe(true);
    expect(isAlive({ pid: process.pid, startedAt: "1" })).toBe(false);
  });

  test.each([
    ["that obeys", "echo listening; exec sleep 60", 5_000],
    ["that ignores SIGTERM", "trap '' TERM; echo listening; while :; do sleep 1; done", 200],
  ])("a process %s records itself and is ended", async (_, script, graceMs) => {
    const dir = await tempFolder();
    const [record, log] = [join(dir, "record"), join(dir, "log")];
    launch({ command: "sh", args: ["-c", script], env, log, record, cwd: dir });
    onTestFinished(async () => {
      const left = await recordedProcess(record);
      if (left !== undefined) await killProcess(left);
    });
    await expect.poll(() => readFile(log, "utf8"), PATIENCE).toBe("listening\n");
    const identity = await recordedProcess(record);
    expect(identity && isAlive(identity)).toBe(true);
    await endProcess(identity!, graceMs);
    expect(isAlive(identity!)).toBe(false);
    await killProcess(identity!);
  });

  test("a process that cannot record itself never becomes the command", async () => {
    const dir = await tempFolder();
    const [record, log] = [join(dir, "gone", "record"), join(dir, "log")];
    launch({ command: "echo", args: ["ran"], env, log, record, cwd: dir });
    // The shell's own words, and it ends with them.
    await expect.poll(() => readFile(log, "utf8"), PATIENCE).toContain("record");
    expect(await readFile(log, "utf8")).not.toContain("ran\n");
    expect(await recordedProcess(record)).toBeUndefined();
  });
});

async function tempFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "stint-process-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}
