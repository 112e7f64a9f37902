/**
 * The simulated API server is held to a real one: the same requests, the same answers, the same events. Without it a green
 * simulation would only show that the operator fits our idea of Kubernetes.
 *
 * SIMULATOR_SEED      another random campaign ("7"), or one sequence of it ("7/12")
 * SIMULATOR_REQUESTS  how many random requests are compared
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { campaign, playOnce, sequenceOf } from "./differential/campaign.ts";
import { CASES, FORGOTTEN } from "./differential/cases.ts";
import type { Operation } from "./differential/operations.ts";
import { RealRooms } from "./differential/realrooms.ts";
import type { RealSide } from "./differential/realside.ts";
import { report } from "./differential/report.ts";

/** As many namespaces at once keep two cores busy; more only make single answers slower. */
const ROOMS = 4;
const REQUESTS_DEFAULT = 2_500;
/** Half a minute on two idle cores. A machine that needs longer than this is too slow for a campaign to mean anything. */
const CAMPAIGN_LIMIT_MS = 600_000;
/** A replayed campaign of more requests takes longer: about 100 requests a second on two cores, and a third of that is enough. */
const REQUESTS_PER_SECOND_LEAST = 30;
/** The real garbage collector's timing may show once in a while; more often it is no longer its timing. */
const UNREPEATED_SHARE_MAX = 0.02;
/** Shrinking and the garbage collector's longest wait come on top of the campaign. */
const SLACK_MS = 180_000;
/** The real garbage collector learns of a new kind within half a minute. */
const COLLECTOR_LIMIT_MS = 180_000;

const seed = process.env["SIMULATOR_SEED"] ?? "1";
const requests = Number(process.env["SIMULATOR_REQUESTS"] ?? REQUESTS_DEFAULT);
const limitMs = Math.max(CAMPAIGN_LIMIT_MS, (requests / REQUESTS_PER_SECOND_LEAST) * 1000);

const access = inject("cluster");
let rooms: RealRooms;
let free: RealSide[];

describe.skipIf(access.dir === undefined)("the simulated API server answers as a real one does", () => {
  beforeAll(async () => {
    rooms = await RealRooms.open(access, ROOMS);
    // A server that is as young as its cluster knows every version there ever was, and no operator meets such a one.
    await rooms.sides[0]?.compact();
    await rooms.untilCollected(COLLECTOR_LIMIT_MS);
    free = [...rooms.sides];
  });
  afterAll(async () => {
    await rooms?.close();
  });

  describe.concurrent("in what the operator relies on:", () => {
    it.each(CASES)("%s", async (_sentence, operations) => {
      expect(await inAnyRoom(operations)).toBe("");
    });
  });

  it(
    `in ${requests} random requests of seed ${seed}`,
    async () => {
      if (seed.includes("/")) {
        expect(await inAnyRoom(sequenceOf(seed))).toBe("");
        return;
      }
      const result = await campaign(rooms.sides, { seed, requests, limitMs });
      const { unrepeated, finding } = result;
      console.log(
        `${result.requests} requests in ${result.sequences} sequences of SIMULATOR_SEED=${seed}; ` +
          `${unrepeated.length} differences that did not show again`,
      );
      expect(finding === undefined ? "" : report(finding)).toBe("");
      expect(result.requests).toBeGreaterThanOrEqual(requests);
      const unrepeatedMax = Math.ceil(result.sequences * UNREPEATED_SHARE_MAX);
      expect(unrepeated.slice(unrepeatedMax).map(report)).toEqual([]);
    },
    limitMs + SLACK_MS,
  );

  it("to a page and a watch of a version it has forgotten", async () => {
    expect(await inAnyRoom(FORGOTTEN)).toBe("");
  });
});

/** Plays a fixed sequence where no other is under way; the report of a difference, or nothing. */
async function inAnyRoom(operations: readonly Operation[]): Promise<string> {
  let side = free.pop();
  for (; side === undefined; side = free.pop()) await sleep(10);
  try {
    let { divergence } = await playOnce(side, operations);
    // What shows once is the real garbage collector's timing.
    if (divergence !== undefined) ({ divergence } = await playOnce(side, operations));
    return divergence === undefined ? "" : report({ seed, operations, divergence });
  } finally {
    free.push(side);
  }
}
