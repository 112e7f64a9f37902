import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "stint-bundle-"));
  execFileSync(process.execPath, [join(import.meta.dirname, "bundle.ts"), folder]);
  // A second, on a busy machine some more.
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe("the bundle", () => {
  it.each([
    ["v20.20.2", 1, "stint needs Node.js 24 or newer, this is v20.20.2\n"],
    ["v24.0.0", undefined, ""],
    ["v100.1.0", undefined, ""],
  ])("begun by Node.js %s looks at that first", (version, wantCode, wantText) => {
    const [first = ""] = readFileSync(join(folder, "operator.cjs"), "utf8").split("\n", 1);
    expect(first).toMatch(/^"use strict";/);

    let text = "";
    let code: number | undefined;
    const write = (said: string): void => void (text += said);
    const exit = (given: number): void => void (code = given);
    runInNewContext(first, { process: { version, stderr: { write }, exit } });

    expect([code, text]).toEqual([wantCode, wantText]);
  });

  it("says which version it is, and of which commit", () => {
    const said = execFileSync(process.execPath, [join(folder, "operator.cjs"), "version"], {
      encoding: "utf8",
      env: {},
    });

    expect(said).toMatch(/^stint \d+\.\d+\.\d+\ncommit ([0-9a-f]{12}(-modified)?|unknown)\nnode v\d+\.\d+\.\d+\n$/);
  });

  it("comes with the licence of every package in it, and of no other", () => {
    const text = readFileSync(join(folder, "THIRD_PARTY_LICENSES"), "utf8");
    const parts = text.split(/^=+$/m).map((part) => part.trim().split("\n"));
    const packages = parts.map(([title = ""]) => title.replace(/ \d.*$/, ""));

    expect(packages).toEqual(expect.arrayContaining(["@kubernetes/client-node", "js-yaml", "prom-client", "undici"]));
    // Without a file of its own: the notices are at the head of its files, another owner's among them.
    const protobuf = parts.find(([title = ""]) => title.startsWith("@bufbuild/protobuf"))?.join("\n");
    expect(protobuf).toMatch(/Buf Technologies[\s\S]*Google Inc[\s\S]*Redistribution[\s\S]*Apache License/);
    expect(packages).not.toContain("esbuild");
    expect(parts.filter((lines) => lines.length < 10)).toEqual([]);
    expect(text).toMatch(/Apache License[\s\S]*MIT/);
  });
});
