import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { endProcess, identityOf, isAlive, killProcess, launch, recordedProcess, startTicks } from "./process.ts";

const POLLS = 100;
const POLL_MS = 20;

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
    ["that obeys", ["sleep", "60"], 5_000],
    ["that ignores SIGTERM", ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"], 200],
  ])("a process %s records itself and is ended", async (_, words, graceMs) => {
    const dir = await mkdtemp(join(tmpdir(), "stint-process-"));
    const [command = "", ...args] = words;
    const record = join(dir, "record");
    launch({ command, args, env: { PATH: process.env["PATH"] ?? "" }, log: join(dir, "log"), record, cwd: dir });
    let identity = await recordedProcess(record);
    for (let poll = 0; poll < POLLS && identity === undefined; poll += 1) {
      await sleep(POLL_MS);
      identity = await recordedProcess(record);
    }
    expect(identity && isAlive(identity)).toBe(true);
    await endProcess(identity!, graceMs);
    expect(isAlive(identity!)).toBe(false);
    await killProcess(identity!);
    await rm(dir, { recursive: true });
  });

  test("a process that cannot record itself never becomes the command", async () => {
    const dir = await mkdtemp(join(tmpdir(), "stint-process-"));
    const log = join(dir, "log");
    const record = join(dir, "gone", "record");
    launch({ command: "echo", args: ["ran"], env: { PATH: process.env["PATH"] ?? "" }, log, record, cwd: dir });
    await sleep(POLLS);
    expect(await readFile(log, "utf8")).not.toContain("ran\n");
    expect(await recordedProcess(record)).toBeUndefined();
    await rm(dir, { recursive: true });
  });
});
