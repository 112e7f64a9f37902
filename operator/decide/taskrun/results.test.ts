/** Results and logs: what the termination message of main's container becomes. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PodRecord } from "../../api/records.ts";
import type { TaskRunStatus } from "../../api/types.ts";
import { aPod, aTaskRun, atMs } from "../../testing/make.ts";
import type { PodWish } from "../../testing/make.ts";
import { loadSchema, problemsOf } from "../../testing/sim/apiserver/schema.ts";
import { planTaskRun } from "./plan.ts";
import { readResults } from "./results.ts";

const declared = (...names: readonly string[]) => names.map((name) => ({ name }));
const said = (endMessage?: string): PodRecord => aPod("ended", endMessage === undefined ? {} : { endMessage });

function results(message: string, ...names: readonly string[]): unknown {
  const handed = readResults(said(message), declared(...names));
  return "results" in handed ? handed.results : handed.reason;
}

describe("results", () => {
  it.each([
    ["text is taken as it is", '{"a":"x \\"y\\" \\n é"}', 'x "y" \n é'],
    ["an empty text is a result", '{"a":""}', ""],
    ["a number keeps its digits", '{"a":1.10}', "1.10"],
    ["a number past the safe ones does, too", '{"a":12345678901234567890}', "12345678901234567890"],
    ["a number past all of them does, too", '{"a":-1E+400}', "-1E+400"],
    ["a boolean is JSON", '{"a":true}', "true"],
    ["null is JSON", '{"a":null}', "null"],
    ["a list becomes compact JSON", '{"a": [ 1.0, "x" , {"b" : [ ] } ]}', '[1.0,"x",{"b":[]}]'],
    ["of two equal keys the last counts", '{"a":1,"a":2}', "2"],
    ["white space around the object is no matter", ' \n{"a":"b"}\n\n', "b"],
    ["control characters in a text are the task's own", '{"a":"\\u0000\\u001b"}', "\u0000\u001b"],
    ["half a surrogate pair becomes U+FFFD", '{"a":"\\ud83d"}', "\ufffd"],
  ])("%s", (_, message, want) => {
    expect(results(message, "a")).toEqual({ a: want });
  });

  it("nobody declared are ignored", () => {
    expect(results('{"a":"1","b":"2"}', "b")).toEqual({ b: "2" });
    expect(readResults(said("no JSON"), [])).toEqual({ results: {} });
  });

  it("may have the names that JavaScript's objects are born with, and pollute nothing", () => {
    const message = '{"__proto__":{"polluted":true},"constructor":"c"}';
    const handed = results(message, "__proto__", "constructor");

    expect(JSON.stringify(handed)).toBe('{"__proto__":"{\\"polluted\\":true}","constructor":"c"}');
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(results("{}", "toString")).toBe("MissingResult");
  });

  it.each([
    ["no message at all", undefined, "MissingResult", /the result a \(it wrote none\)/],
    [
      "an empty object",
      "{}",
      "MissingResult",
      /\(it wrote none\)\. It must write one JSON object such as \{"a": "\.\.\."\}/,
    ],
    ["other keys", '{"b":1,"c":2}', "MissingResult", /without the result a \(it wrote b, c\)/],
    ["plain words", "42 rows done", "InvalidResult", /is no JSON: 42 rows done\. It must write/],
    ["a list", "[1]", "InvalidResult", /is a list, not an object: \[1\]/],
    ["a text", '"a"', "InvalidResult", /a text, not an object/],
    ["null", "null", "InvalidResult", /null, not an object/],
    ["a number", "5", "InvalidResult", /a number, not an object/],
    [
      "an object cut by the kubelet",
      `{"a":"${"x".repeat(5000)}"}`,
      "InvalidResult",
      /kept 4,096 bytes of it.*write less/,
    ],
    ["an object in one line of a log", 'done\n{"a":1}', "InvalidResult", /no JSON/],
  ])("are not had from %s", (_, message, reason, words) => {
    const handed = readResults(said(message), declared("a"));

    expect(handed).toMatchObject({ reason, message: expect.stringMatching(words) as unknown });
  });

  it("that are missing are all named, and the way out is, too", () => {
    const names = Array.from({ length: 32 }, (_, index) => `${"n".repeat(60)}${index}`);
    const keys = names.map((name) => `other-${name}`);
    const short = readResults(said(), declared("a", "b", "c"));
    const long = readResults(said(JSON.stringify(Object.fromEntries(keys.map((key) => [key, 1])))), declared(...names));

    expect(short).toMatchObject({ message: expect.stringContaining("the results a, b, c (it wrote none)") as unknown });
    expect(long).toMatchObject({ message: expect.stringMatching(/and 25 more .*\/dev\/termination-log/) as unknown });
    expect("message" in long ? long.message.length : 0).toBeLessThan(1024);
  });

  it("never throw and never grow, whatever a task wrote", () => {
    const json = fc.json({ maxDepth: 6 });
    const deep = fc.integer({ min: 1, max: 2040 }).map((levels) => `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`);
    const message = fc.oneof(
      json,
      json.map((one) => `{"a":${one}}`),
      deep,
      fc.string({ unit: "binary", maxLength: 3000, size: "max" }),
    );
    fc.assert(
      fc.property(message, (words) => {
        const pod = said(words);
        const handed = readResults(pod, declared("a"));
        if (!("results" in handed)) return;
        const value = handed.results["a"] ?? "";

        expect(value.length).toBeLessThanOrEqual(pod.main.message?.length ?? 0);
        expect(value.isWellFormed()).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a TaskRun with results", () => {
  const taskRun = (status?: TaskRunStatus) =>
    aTaskRun({ spec: { results: declared("rows"), retry: { limit: 1 } }, ...(status && { status }) });
  const plan = (pods: readonly PodRecord[], status?: TaskRunStatus) =>
    planTaskRun({ taskRun: taskRun(status), pods, now: atMs(100) }).status;

  it("publishes them with its success, and keeps them when its pod is gone", () => {
    const done = plan([said('{"rows":1042}')]);

    expect(done).toMatchObject({ phase: "Succeeded", results: { rows: "1042" } });
    expect(plan([], done).results).toEqual({ rows: "1042" });
  });

  it("knows them once the end is recorded, while other containers still stop", () => {
    const stopping = plan([aPod("sidecarLeft", { endMessage: '{"rows":5}' })]);
    const gone = planTaskRun({ taskRun: taskRun(stopping), pods: [], now: atMs(100) }).status;

    expect(stopping).toMatchObject({ phase: "Running", results: { rows: "5" } });
    expect(gone).toMatchObject({ phase: "Succeeded", results: { rows: "5" } });
  });

  it("has failed without them, and is tried again", () => {
    const status = plan([said("{}")]);

    expect(status).toMatchObject({ phase: "Pending", attempts: [{ reason: "MissingResult", exitCode: 0 }] });
    expect(status.conditions?.[0]).toMatchObject({ reason: "BackingOff" });
  });

  it("publishes nothing of an attempt that failed", () => {
    expect(plan([aPod("ended", { exitCode: 1, endMessage: '{"rows":5}' })]).results).toBeUndefined();
  });
});

describe("the log of a failed attempt", () => {
  const LOG = 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: no rows\n';
  const end = (wish: PodWish, spec = {}) =>
    planTaskRun({
      taskRun: aTaskRun({ spec }),
      pods: [aPod("ended", { exitCode: 1, logOnError: true, endMessage: LOG, ...wish })],
      now: atMs(100),
    }).status;

  it("is shown with its lines, and its last line in the message", () => {
    const { log, attempts, conditions } = end({});

    expect(log?.tail).toBe(LOG.trimEnd());
    expect(attempts?.[0]?.log?.tail).toBe(LOG.trimEnd());
    expect(conditions?.[0]?.message).toBe("Container main ended with exit code 1: ValueError: no rows.");
  });

  it("is shown of a task that ran out of memory or time, too", () => {
    expect(end({ exitCode: 137, endReason: "OOMKilled" }).log?.tail).toContain("ValueError");
    expect(end({ exitCode: 143, deletedAt: 50 }, { activeDeadlineSeconds: 50 }).log?.tail).toContain("ValueError");
  });

  it.each([
    ["a success", { exitCode: 0 }],
    ["a container that never started", { endReason: "StartError" }],
    ["a message of the task's own, longer than the kubelet's part of a log", { endMessage: "x\n".repeat(1500) }],
  ])("is not made of %s", (_, wish) => {
    expect(end(wish).attempts?.[0]?.log).toBeUndefined();
  });

  it("that shows nothing but white space leaves the message as it is", () => {
    expect(end({ endMessage: " \n\u0007\n" }).conditions?.[0]?.message).toBe("Container main ended with exit code 1.");
  });

  it("is not made where the kubelet was not asked for it", () => {
    const pod = aPod("ended", { exitCode: 1, endMessage: LOG });
    const { status } = planTaskRun({ taskRun: aTaskRun(), pods: [pod], now: atMs(100) });

    expect(status.log).toBeUndefined();
    expect(status.conditions?.[0]?.message).toContain("Traceback (most recent call last):");
  });

  it("stays in the status when its pod is gone, and goes when the next attempt runs", () => {
    const retry = { retry: { limit: 1, backoff: { initialSeconds: 500 } } };
    const paused = end({}, retry);
    const next = (pods: readonly PodRecord[]) =>
      planTaskRun({ taskRun: aTaskRun({ spec: retry, status: paused }), pods, now: atMs(100) }).status;

    expect(next([]).log).toEqual(paused.log);
    const running = next([aPod("running", { attempt: 2 })]);
    expect(running.log).toBeUndefined();
    expect(running.attempts?.[0]?.log).toEqual(paused.log);
  });

  it("and everything else of a hostile pod fits the schema, in bytes too", () => {
    const schema = loadSchema("taskruns").properties?.["status"] ?? {};
    const words = fc.oneof(
      fc.string({ unit: "binary", maxLength: 5000, size: "max" }),
      fc.constant("\u{1F980}\n".repeat(1e5)),
    );
    fc.assert(
      fc.property(words, fc.boolean(), (endMessage, own) => {
        const status = end({ endMessage, message: endMessage, reason: endMessage, ...(own && { exitCode: 0 }) });

        expect(problemsOf(schema, status)).toEqual([]);
        expect(Buffer.byteLength(JSON.stringify(status))).toBeLessThan(32 * 1024);
      }),
    );
  });
});
