import { describe, expect, it } from "vitest";
import { runAtEach } from "../crashes.ts";

/** A mapped task with a retry and finally; a sub-workflow with a cancel; and what else is decided over several requests. */
const WORKFLOWS = [
  "workflowMappedRetried",
  "subWorkflowCancelled",
  "subWorkflowRetried",
  "workflowSuspended",
  "workflowFailFast",
];

describe("dies or loses the reply at every single request", () => {
  it.each(WORKFLOWS)("of %s", async (name) => {
    expect(await runAtEach(name)).toBeGreaterThan(10);
  });
});
