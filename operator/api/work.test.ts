import { describe, expect, it } from "vitest";
import { workHash } from "./work.ts";

const template = { spec: { containers: [{ name: "main", image: "busybox", args: ["a", "b"] }] } };

describe("the hash of a TaskRun's work", () => {
  it("is 16 hex digits, the same whatever the order of keys", () => {
    const turned = { spec: { containers: [{ args: ["a", "b"], image: "busybox", name: "main" }] } };

    expect(workHash({ template })).toMatch(/^[0-9a-f]{16}$/);
    expect(workHash({ template: turned })).toBe(workHash({ template }));
  });

  it("changes with the template, the name of the base and the results, and with nothing else", () => {
    const hash = workHash({ template });
    const other = { spec: { containers: [{ name: "main", image: "busybox", args: ["b", "a"] }] } };

    expect(workHash({ template: other })).not.toBe(hash);
    expect(workHash({ template, podTemplateRef: { name: "gpu" } })).not.toBe(hash);
    expect(workHash({ template, results: [{ name: "rows" }] })).not.toBe(hash);
    expect(workHash({ template, retry: { limit: 3 }, suspend: true, activeDeadlineSeconds: 5 })).toBe(hash);
  });

  it("does not collide over many near templates", () => {
    const hashes = new Set(Array.from({ length: 20_000 }, (_, i) => workHash({ template: { spec: { i } } })));

    expect(hashes.size).toBe(20_000);
  });

  it("takes anything, nested deeper than the stack too", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 200_000; level += 1) deep = { deep };

    expect(workHash({ template: deep })).toMatch(/^[0-9a-f]{16}$/);
    expect(workHash({ template: "text", results: 5, podTemplateRef: [] })).toMatch(/^[0-9a-f]{16}$/);
  });
});
