import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { librariesIn, withoutSymbols } from "./program.ts";

test("libraries and the loader are found, what the kernel brings is not", () => {
  const text = [
    "\tlinux-vdso.so.1 (0x00007ffd0c9f2000)",
    "\tlibdl.so.2 => /lib/x86_64-linux-gnu/libdl.so.2 (0x00007f0e5c000000)",
    "\t/lib64/ld-linux-x86-64.so.2 (0x00007f0e5c200000)",
    "",
  ].join("\n");
  expect(librariesIn(text)).toEqual(["/lib/x86_64-linux-gnu/libdl.so.2", "/lib64/ld-linux-x86-64.so.2"]);
});

test("a program without its symbols is smaller and does the same", () => {
  const folder = mkdtempSync(join(tmpdir(), "stint-program-"));
  try {
    const whole = readFileSync(process.execPath);
    const cut = withoutSymbols(whole);
    const path = join(folder, "node");
    writeFileSync(path, cut, { mode: 0o755 });

    // Where a system's own Node.js has no symbols, there is next to nothing to cut.
    expect(cut.length).toBeLessThan(whole.length);
    expect(execFileSync(path, ["--print", "process.version"], { encoding: "utf8" })).toBe(`${process.version}\n`);
    expect(withoutSymbols(cut).equals(cut)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what is no program stays as it is", () => {
  for (const text of ["", "#!/bin/sh\n", "\u007fELF"]) {
    const file = Buffer.from(text, "latin1");
    expect(withoutSymbols(file)).toBe(file);
  }
});
