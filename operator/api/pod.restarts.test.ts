/** Containers that may run again: native sidecars, and what a webhook can add to a pod of ours. */
import { describe, expect, it } from "vitest";
import { podJson } from "../testing/make.ts";
import { object } from "./decode.ts";
import type { Json } from "./decode.ts";
import { decodePod } from "./pod.ts";

const ended = (exitCode: number): Json => ({ terminated: { exitCode, finishedAt: "2030-01-01T00:00:09Z" } });
const running: Json = { running: { startedAt: "2030-01-01T00:00:05Z" } };

function pod(spec: Json, status: Json): ReturnType<typeof decodePod> {
  const base = object(podJson("ended"));
  return decodePod({ ...base, spec: { nodeName: "node-7", ...spec }, status });
}

describe("a pod whose containers may run again", () => {
  const rules = { name: "main", restartPolicy: "Never", restartPolicyRules: [{ action: "Restart" }] };
  const status = (phase: string): Json => ({ phase, containerStatuses: [{ name: "main", state: ended(42) }] });

  it.each([
    ["by its own policy", { containers: [{ name: "main", restartPolicy: "Always" }] }],
    ["by its own rules", { containers: [rules] }],
    ["by the pod's policy", { restartPolicy: "OnFailure", containers: [{ name: "main" }] }],
  ])("%s has not ended while the pod is not over", (_, spec) => {
    expect(pod(spec, status("Running"))).toMatchObject({ allTerminated: false, main: { state: "waiting" } });
    expect(pod(spec, status("Failed"))).toMatchObject({ allTerminated: true, main: { state: "terminated" } });
  });

  it("is believed at once where nothing restarts", () => {
    const spec = { restartPolicy: "Never", containers: [{ name: "main", restartPolicy: "Never" }] };

    expect(pod(spec, status("Running"))).toMatchObject({ allTerminated: true, main: { state: "terminated" } });
  });
});

describe("a pod with a native sidecar", () => {
  const spec = {
    initContainers: [{ name: "proxy", restartPolicy: "Always" }, { name: "prepare" }],
    containers: [{ name: "main" }],
  };

  it("names the init container that failed, not the sidecar that was ended because of it", () => {
    const inits = [
      { name: "proxy", state: ended(137) },
      { name: "prepare", state: ended(3) },
    ];
    const record = pod(spec, { phase: "Failed", initContainerStatuses: inits });

    expect(record?.failedInit).toMatchObject({ name: "prepare", exitCode: 3 });
  });

  it("knows when only sidecars still run", () => {
    const inits = [
      { name: "proxy", state: running },
      { name: "prepare", state: ended(0) },
    ];
    const after = (main: Json): Json => ({
      phase: "Running",
      initContainerStatuses: inits,
      containerStatuses: [{ name: "main", state: main }],
    });

    expect(pod(spec, after(ended(0)))).toMatchObject({ onlySidecarsRun: true, allTerminated: false });
    expect(pod(spec, after(running))?.onlySidecarsRun).toBeUndefined();
  });
});
