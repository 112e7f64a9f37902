import { describe, expect, it } from "vitest";
import { Reason } from "../../api/names.ts";
import { SIGNS, classOf, signOf } from "./failures.ts";

describe("the table of failures", () => {
  it("gives each reason one class, and each row a source", () => {
    for (const { reason, class: failureClass, source } of SIGNS) {
      expect(classOf(reason)).toBe(failureClass);
      expect(source).not.toBe("");
    }
  });

  it("says each thing once, the more special before the general", () => {
    for (const [index, { at, says }] of SIGNS.entries()) {
      const first = signOf(at, says.replace("*", "x"));

      expect(SIGNS.indexOf(first ?? SIGNS[0]!)).toBe(index);
    }
  });

  it.each([
    ["container", "OOMKilled", Reason.OOMKilled],
    ["container", "Error", Reason.ExitCode],
    ["container", "ContainerStatusUnknown", Reason.PodFailed],
    ["pod", "OutOfcpu", Reason.NodeRefused],
    ["pod", "OutOfexample.com/gpu", Reason.NodeRefused],
    ["pod", "Evicted", Reason.Evicted],
    ["disruption", "Unheard", Reason.Evicted],
  ] as const)("%s %s reads %s", (at, said, want) => {
    expect(signOf(at, said)?.reason).toBe(want);
  });

  it("knows no class for ends that are nobody's failure", () => {
    const none = [Reason.Succeeded, Reason.Cancelled, Reason.Suspended, Reason.Superseded, Reason.DeadlineExceeded];

    expect(none.map(classOf)).toEqual(none.map(() => undefined));
    expect(signOf("pod", "SomethingElse")).toBeUndefined();
  });
});
