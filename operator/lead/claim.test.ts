import { describe, expect, it } from "vitest";
import { NOTHING_SEEN, isOver, nextStep, seen, spansOf, whyOver } from "./claim.ts";
import type { Step } from "./claim.ts";
import { decodeLease, heldBy, released } from "./lease.ts";
import type { Candidate, Lease } from "./lease.ts";

const US: Candidate = { namespace: "ns", name: "stint", identity: "a_1", leaseDurationMs: 15_000 };
const NOW = Date.parse("2030-01-01T00:00:00.250Z");

function leaseJson(spec: object, metadata: object = {}): unknown {
  return { metadata: { name: "stint", namespace: "ns", resourceVersion: "7", ...metadata }, spec };
}

function leaseOf(spec: object): Lease {
  const lease = decodeLease(leaseJson(spec));
  if ("problem" in lease) throw new Error(lease.problem);
  return lease;
}

const held = (holderIdentity: string, renewTime = "t1", leaseDurationSeconds = 10): Lease =>
  leaseOf({ holderIdentity, renewTime, leaseDurationSeconds, leaseTransitions: 3, acquireTime: "t0" });
const RELEASED = leaseOf({ leaseDurationSeconds: 1, leaseTransitions: 3 });

describe("a candidate", () => {
  const first = seen(NOTHING_SEEN, held("b_2"), 1000);
  const take = (why: Extract<Step, { kind: "take" }>["why"]): Step => ({ kind: "take", why });

  it.each<[string, Step, Step]>([
    ["takes a Lease that is not there", nextStep(NOTHING_SEEN, "a_1", 0), take("new")],
    ["waits from when it first saw another's", nextStep(first, "a_1", 10_999), { kind: "wait", untilMs: 11_000 }],
    ["takes what was not renewed in its own time", nextStep(first, "a_1", 11_000), take("expired")],
    [
      "waits anew after each renewal",
      nextStep(seen(first, held("b_2", "t2"), 9000), "a_1", 11_000),
      { kind: "wait", untilMs: 19_000 },
    ],
    [
      "does not wait anew after other changes",
      nextStep(seen(first, held("b_2"), 9000), "a_1", 11_000),
      take("expired"),
    ],
    [
      "waits as long as the holder said",
      nextStep(seen(first, held("b_2", "t2", 90), 9000), "a_1", 98_999),
      {
        kind: "wait",
        untilMs: 99_000,
      },
    ],
    ["takes at once what was released", nextStep(seen(first, RELEASED, 2000), "a_1", 2000), take("released")],
    [
      "waits for the time of one whose Lease was deleted: it may not know yet",
      nextStep(seen(first, undefined, 2000), "a_1", 2000),
      { kind: "wait", untilMs: 11_000 },
    ],
    ["makes a deleted one after that", nextStep(seen(first, undefined, 2000), "a_1", 11_000), take("new")],
    [
      "takes what it wrote itself, the answer being lost",
      nextStep(seen(first, held("a_1", "t3"), 2000), "a_1", 2001),
      take("ours"),
    ],
  ])("%s", (_name, got, want) => {
    expect(got).toEqual(want);
  });
});

describe("a leader", () => {
  const spans = spansOf(US);
  const sent = { monotonicMs: 5000, wallMs: NOW };
  const after = (monotonicMs: number, wallMs = monotonicMs): boolean =>
    isOver(sent, { monotonicMs: 5000 + monotonicMs, wallMs: NOW + wallMs }, spans);

  it("has client-go's spans", () => {
    expect(spans).toEqual({ heldMs: 10_000, retryMs: 2000, callMs: 5000 });
  });

  it.each<[string, boolean, boolean]>([
    ["leads for two thirds of the time after its last renewal left", after(9999), false],
    ["and no longer", after(10_000), true],
    ["leads no longer after the machine slept, when only the wall clock goes on", after(10, 10_000), true],
    ["is not kept leading by a clock that was set back", after(10_000, -60_000), true],
    ["goes on leading when a clock is set back", after(10, -60_000), false],
  ])("%s", (_name, got, want) => {
    expect(got).toBe(want);
  });
});

it("blames the clock where the clock was at fault", () => {
  const [sent, now] = [
    { monotonicMs: 0, wallMs: NOW },
    { monotonicMs: 500, wallMs: NOW + 3_600_500 },
  ];

  expect(whyOver(sent, now, { spans: spansOf(US), trouble: undefined })).toBe(
    "the machine's clock was set forward by 3600.0 s, or the machine has slept",
  );
});

describe("the Lease", () => {
  it("is new", () => {
    expect(heldBy(US, undefined, NOW)).toEqual({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { namespace: "ns", name: "stint" },
      spec: {
        holderIdentity: "a_1",
        leaseDurationSeconds: 15,
        acquireTime: "2030-01-01T00:00:00.250000Z",
        renewTime: "2030-01-01T00:00:00.250000Z",
        leaseTransitions: 0,
      },
    });
  });

  it("is taken from another, with what others wrote into it, and only as it was seen", () => {
    const json = leaseJson({ holderIdentity: "b_2", leaseDurationSeconds: 9, leaseTransitions: 3, strategy: "x" });
    const before = decodeLease(json) as Lease;

    expect(heldBy(US, before, NOW)).toMatchObject({
      metadata: { resourceVersion: "7" },
      spec: { holderIdentity: "a_1", leaseTransitions: 4, leaseDurationSeconds: 15, strategy: "x" },
    });
  });

  it("is renewed: since when, and how often, stays", () => {
    expect(heldBy(US, held("a_1"), NOW)["spec"]).toMatchObject({
      acquireTime: "t0",
      renewTime: "2030-01-01T00:00:00.250000Z",
      leaseTransitions: 3,
    });
  });

  it("is released", () => {
    expect(decodeLease(Object.assign(leaseJson({}) as object, released(US, held("a_1"), NOW)))).toMatchObject({
      holder: "",
      durationMs: 1000,
      transitions: 3,
    });
  });

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "it is no object of an API server"],
    ["no version", { spec: {} }, "it is no object of an API server"],
    [
      "a holder without a time",
      leaseJson({ holderIdentity: "b_2" }),
      "spec.leaseDurationSeconds is missing, so nobody can know how long b_2 holds it",
    ],
    [
      "a time that is none",
      leaseJson({ holderIdentity: "b_2", leaseDurationSeconds: "15" }),
      "spec.leaseDurationSeconds is missing, so nobody can know how long b_2 holds it",
    ],
  ])("cannot be gone by: %s", (_name, json, problem) => {
    expect(decodeLease(json)).toEqual({ problem });
  });

  it.each([{}, { holderIdentity: "" }, { holderIdentity: null, leaseTransitions: -1 }])(
    "that names nobody is free: %j",
    (spec) => {
      expect(decodeLease(leaseJson(spec))).toMatchObject({ holder: "", transitions: 0 });
    },
  );
});
