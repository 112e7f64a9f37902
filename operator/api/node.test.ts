import { describe, expect, it } from "vitest";
import { decodeNode } from "./node.ts";

const metadata = { name: "node-7", uid: "uid-node-7", resourceVersion: "5", creationTimestamp: "2030-01-01T00:00:00Z" };

describe("a node", () => {
  it("is kept as the little that decisions read", () => {
    const status = { conditions: [{ type: "Ready", status: "True" }], images: [{ names: ["busybox"] }] };

    expect(decodeNode({ metadata, spec: { podCIDR: "10.0.0.0/24" }, status })).toEqual({
      namespace: "",
      name: "node-7",
      uid: "uid-node-7",
      resourceVersion: "5",
      createdAt: "2030-01-01T00:00:00Z",
      outOfService: false,
    });
  });

  it.each([
    ["node.kubernetes.io/out-of-service", "NoExecute", true],
    ["node.kubernetes.io/out-of-service", "NoSchedule", true],
    ["node.kubernetes.io/unreachable", "NoExecute", false],
  ])("with the taint %s:%s is out of service: %s", (key, effect, want) => {
    expect(
      decodeNode({ metadata, spec: { taints: [{ key: "other" }, { key, effect, value: "nodeshutdown" }] } }),
    ).toMatchObject({
      outOfService: want,
    });
  });

  it.each([[null], [{}], [{ metadata: { name: "node-7" } }]])("that is none is left out: %j", (value) => {
    expect(decodeNode(value)).toBeUndefined();
  });
});
