import { expect, test } from "vitest";
import { librariesIn } from "./program.ts";

test("libraries and the loader are found, what the kernel brings is not", () => {
  const text = [
    "\tlinux-vdso.so.1 (0x00007ffd0c9f2000)",
    "\tlibdl.so.2 => /lib/x86_64-linux-gnu/libdl.so.2 (0x00007f0e5c000000)",
    "\t/lib64/ld-linux-x86-64.so.2 (0x00007f0e5c200000)",
    "",
  ].join("\n");
  expect(librariesIn(text)).toEqual(["/lib/x86_64-linux-gnu/libdl.so.2", "/lib64/ld-linux-x86-64.so.2"]);
});
