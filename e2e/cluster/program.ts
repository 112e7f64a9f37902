/** Putting a dynamically linked program, such as Node.js, into the folder of an image. */
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ClusterError } from "./failure.ts";
import { run } from "./shell.ts";

/** Copies a program to `target` inside `root`, and the libraries it loads to where it looks for them. */
export async function placeProgram(program: string, root: string, target: string): Promise<void> {
  const libraries = librariesIn(await run("ldd", [program]));
  if (libraries.length === 0) throw new ClusterError(`ldd names no library of ${program}`);
  await copyInto(program, join(root, target));
  for (const library of libraries) await copyInto(library, join(root, library));
}

/** The absolute paths in what `ldd` prints: `libc.so.6 => /lib/libc.so.6 (0x7f…)`, or the loader's path alone. */
export function librariesIn(ldd: string): string[] {
  return ldd.split("\n").flatMap((line) => {
    const path = /^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/.exec(line)?.[1];
    return path === undefined ? [] : [path];
  });
}

async function copyInto(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}
