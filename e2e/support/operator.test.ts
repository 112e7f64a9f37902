import { spawn } from "node:child_process";
import { expect, it } from "vitest";
import { Operator } from "./operator.ts";

it("has read the last line of the log when it tells of the end, however late that line comes", async () => {
  // The shell is gone before the last line is written: the longest possible way from an end to its last words.
  const program = "(sleep 0.3; echo last >&2) & echo first >&2; exit 3";
  const operator = new Operator(spawn("sh", ["-c", program], { stdio: ["ignore", "ignore", "pipe"] }));

  expect(await operator.ended()).toBe(3);
  expect(operator.log.map((line) => line.message)).toEqual(["first", "last"]);
});

it.each(["exit 3", "kill -KILL $$"])("does not wait for a word of a process that has ended by %s", async (end) => {
  const program = `echo '{"message":"last"}' >&2; ${end}`;
  const operator = new Operator(spawn("sh", ["-c", program], { stdio: ["ignore", "ignore", "pipe"] }));

  await expect(operator.logged("more")).rejects.toThrow(/it has ended; the end of its log:\n.*last/);
  expect(await operator.logged("last")).toEqual({ message: "last" });
});
