import { expect, test } from "vitest";
import { isStatic } from "./packages.ts";

/** A 64-bit little-endian ELF header with one program header of the given type. */
function elf(programHeaderType: number): Buffer {
  const bytes = Buffer.alloc(128);
  bytes.write("\u007fELF", 0, "latin1");
  bytes[4] = 2;
  bytes[5] = 1;
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(1, 56);
  bytes.writeUInt32LE(programHeaderType, 64);
  return bytes;
}

test("a program with a loader is not static", () => {
  expect(isStatic(elf(1))).toBe(true);
  expect(isStatic(elf(3))).toBe(false);
});

test("what is no program is not static", () => {
  expect(isStatic(Buffer.from("#!/bin/sh\n"))).toBe(false);
  expect(isStatic(Buffer.alloc(0))).toBe(false);
});
