import { expect, test } from "vitest";
import { waitUntil } from "./nodes.ts";

/** The wait looks once more every 100 ms. */
const SHORT = { patienceMs: 250 };

test("a server that refuses at first and closes a connection is asked again", async () => {
  const answers = [new Error("answered 429: storage is (re)initializing"), new Error("socket hang up"), false, true];
  await waitUntil("it", async () => {
    const answer = answers.shift() ?? false;
    if (answer instanceof Error) throw answer;
    return answer;
  });

  expect(answers).toEqual([]);
});

test("when the time is up, the last problem is told", async () => {
  const refused = waitUntil("node a to register", () => Promise.reject(new Error("answered 500: no")), SHORT);
  await expect(refused).rejects.toThrow("waited 0.25 s for node a to register; the last problem: answered 500: no");
  await expect(waitUntil("it", () => Promise.resolve(false), SHORT)).rejects.toThrow(/^waited 0.25 s for it$/);
});
