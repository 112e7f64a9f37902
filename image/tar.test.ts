import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { tarEnd, tarFile, tarHeader, tarPadding } from "./tar.ts";

/** What the system's tar reads from an archive: the judge that is not our own code. */
function listing(archive: Buffer): string[] {
  const env = { ...process.env, TZ: "UTC", LC_ALL: "C" };
  return execFileSync("tar", ["--list", "--verbose", "--numeric-owner", "--file", "-"], { input: archive, env })
    .toString()
    .trim()
    .split("\n")
    .map((line) => line.replace(/\s+/g, " "));
}

describe("tar", () => {
  test("the system's tar reads files, directories and links", () => {
    const archive = Buffer.concat([
      tarHeader({ kind: "directory", name: "bin", mode: 0o755 }),
      tarHeader({ kind: "file", name: "bin/tool", mode: 0o755, sizeBytes: 3 }),
      Buffer.from("abc"),
      tarPadding(3),
      tarHeader({ kind: "symlink", name: "bin/sh", target: "tool" }),
      tarEnd(),
    ]);
    expect(listing(archive)).toEqual([
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 bin/",
      "-rwxr-xr-x 0/0 3 1970-01-01 00:00 bin/tool",
      "lrwxrwxrwx 0/0 0 1970-01-01 00:00 bin/sh -> tool",
    ]);
  });

  test.each([99, 100, 101, 255, 985, 990, 1000, 3000])("a name of %i bytes survives", (length) => {
    const name = "n".repeat(length);
    expect(listing(Buffer.concat([tarFile(name, "x"), tarEnd()]))).toEqual([
      `-rw-r--r-- 0/0 1 1970-01-01 00:00 ${name}`,
    ]);
  });

  test("a long link target survives", () => {
    const target = "../".repeat(80);
    expect(listing(Buffer.concat([tarHeader({ kind: "symlink", name: "l", target }), tarEnd()]))).toEqual([
      `lrwxrwxrwx 0/0 0 1970-01-01 00:00 l -> ${target}`,
    ]);
  });

  test("content fills whole blocks", () => {
    expect([0, 1, 511, 512, 513].map((size) => tarPadding(size).length)).toEqual([0, 511, 1, 0, 511]);
  });

  test("a size the header cannot hold is refused", () => {
    expect(() => tarHeader({ kind: "file", name: "big", mode: 0o644, sizeBytes: 2 ** 33 })).toThrow("8589934591");
  });
});
