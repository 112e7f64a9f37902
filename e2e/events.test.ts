/** Events: what kubectl describe tells of a TaskRun, and what that costs. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { operatorWrites } from "./support/audit.ts";
import { simulated } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForTest } from "./support/running.ts";

/** Long past the moment at which an event would have been written. */
const SETTLED_MS = 3000;
const DESCRIBED = { timeout: 30_000, interval: 500 };

const RETRY = { limit: 1, backoff: { initialSeconds: 0 } };
const FAILING = simulated({ "run-for": "50ms", "exit-code": "3" });

it("kubectl describe shows how each attempt ended, once, also after the operator was started again", async (test) => {
  const { dir } = needs(test, "simulated nodes", "own cluster");
  const room = await Room.open(test);
  const flags = [`--namespaces=${room.namespace}`];
  const operator = await operatorForTest(test, flags).ready();
  await room.create("fails", { template: FAILING, retry: RETRY });
  await room.over("fails");
  const describe = async (): Promise<string> => await room.kubectl.run(["describe", "taskrun", "fails"]);
  await expect
    .poll(describe, DESCRIBED)
    .toMatch(/Warning +Failed +\S+ +stint\.dev\/operator +Attempt 2 started .*The task failed 2 times/);
  expect(await describe()).toMatch(
    /Warning +AttemptFailed +\S+ +stint\.dev\/operator +Attempt 1 started .* on .*, failed after \d+s: ExitCode: .*exit code 3/,
  );
  await operator.stop();
  const again = await operatorForTest(test, flags).ready();
  await sleep(SETTLED_MS);

  const events = (await operatorWrites(dir, room.namespace)).filter(
    ({ objectRef }) => objectRef?.resource === "events",
  );
  expect(events.map(({ responseStatus }) => responseStatus?.code)).toEqual([201, 201]);
  expect(await again.metric("stint_events_total")).toBe(0);
});

it("a short success, and an operator told not to, write none", async (test) => {
  const { dir } = needs(test, "simulated nodes", "own cluster");
  const [loud, quiet] = [await Room.open(test), await Room.open(test)];
  await operatorForTest(test, [`--namespaces=${loud.namespace}`]).ready();
  await operatorForTest(test, [`--namespaces=${quiet.namespace}`, "--events=false"]).ready();
  await loud.create("task", { template: simulated({ "run-for": "50ms" }) });
  await quiet.create("task", { template: FAILING, retry: RETRY });
  await Promise.all([loud.over("task"), quiet.over("task")]);
  await sleep(SETTLED_MS);

  for (const room of [loud, quiet]) {
    const writes = await operatorWrites(dir, room.namespace);
    expect(writes.filter(({ objectRef }) => objectRef?.resource === "events")).toEqual([]);
  }
});
