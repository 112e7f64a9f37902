import { describe, expect, it } from "vitest";
import { shaped } from "./shape.ts";

const main = (resources: object): object => ({ name: "main", image: "busybox", resources });
const spec = (resources: object): { containers: object[] } => ({
  containers: [{ name: "sidecar", resources: { limits: { memory: "1Mi" } } }, main(resources)],
});

describe("memory that earlier attempts needed", () => {
  it("raises the limit of the main container, and its request in proportion", () => {
    const given = spec({ limits: { memory: "64Mi", cpu: "1" }, requests: { memory: "32Mi", cpu: "1" } });
    const want = spec({ limits: { memory: "96Mi", cpu: "1" }, requests: { memory: "48Mi", cpu: "1" } });

    expect(shaped(given, { memory: "96Mi" })).toEqual(want);
  });

  it("leaves the request to the API server where there is none", () => {
    expect(shaped(spec({ limits: { memory: "64Mi" } }), { memory: "1Gi" })).toEqual(
      spec({ limits: { memory: "1Gi" } }),
    );
  });

  it.each([
    ["a higher limit", { limits: { memory: "2Gi" } }],
    ["no limit", { requests: { memory: "2Mi" } }],
    ["a limit that is no quantity", { limits: { memory: "much" } }],
  ])("leaves alone %s", (_, resources) => {
    expect(shaped(spec(resources), { memory: "1Gi" })).toEqual(spec(resources));
  });
});

describe("nodes to keep away from", () => {
  const not = (...names: string[]): object[] =>
    names.map((name) => ({ key: "metadata.name", operator: "NotIn", values: [name] }));

  it("are excluded in a term of their own", () => {
    const got = shaped({ containers: [] }, { avoid: { how: "Require", names: ["a", "b"] } });

    expect(got["affinity"]).toEqual({
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: not("a", "b") }] },
      },
    });
  });

  it("are excluded from each of the template's own alternatives, and the rest of its affinity stays", () => {
    const zone = { matchExpressions: [{ key: "zone", operator: "In", values: ["z1"] }] };
    const gpu = { matchExpressions: [{ key: "gpu", operator: "Exists" }] };
    const affinity = {
      podAffinity: { kept: true },
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [zone, gpu] },
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: zone }],
      },
    };
    const got = shaped({ containers: [], affinity }, { avoid: { how: "Require", names: ["a"] } });

    expect(got["affinity"]).toEqual({
      podAffinity: { kept: true },
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { ...zone, matchFields: not("a") },
            { ...gpu, matchFields: not("a") },
          ],
        },
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: zone }],
      },
    });
  });

  it("are only disliked with Prefer", () => {
    const got = shaped({ containers: [] }, { avoid: { how: "Prefer", names: ["a"] } });

    expect(got["affinity"]).toEqual({
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: { matchFields: not("a") } }],
      },
    });
  });
});
