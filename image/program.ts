/** A dynamically linked program, such as Node.js, for the folder of an image. */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { output } from "./run.ts";

/** Of the header of a 64-bit ELF file, as the format's specification numbers its bytes. */
const ELF = { magic: "\u007fELF", class64: 2, littleEndian: 1 } as const;
const PROGRAM_HEADERS_AT = 0x20;
const SECTION_HEADERS_AT = 0x28;
const PROGRAM_HEADER_BYTES_AT = 0x36;
const PROGRAM_HEADER_COUNT_AT = 0x38;
const SECTION_COUNT_AT = 0x3c;
const SECTION_NAMES_AT = 0x3e;
const SEGMENT_OFFSET_AT = 0x08;
const SEGMENT_FILE_BYTES_AT = 0x20;

/** Copies a program to `target` inside `root`, and the libraries it loads to where it looks for them. Returns those. */
export async function placeProgram(program: string, root: string, target: string): Promise<readonly string[]> {
  const libraries = librariesIn(await output("ldd", [program]));
  if (libraries.length === 0) throw new Error(`ldd names no library of ${program}`);
  const placed = join(root, target);
  await mkdir(dirname(placed), { recursive: true });
  await writeFile(placed, withoutSymbols(await readFile(program)), { mode: 0o755 });
  for (const library of libraries) await copyInto(library, join(root, library));
  return libraries;
}

/** The absolute paths in what `ldd` prints: `libc.so.6 => /lib/libc.so.6 (0x7f…)`, or the loader's path alone. */
export function librariesIn(ldd: string): string[] {
  return ldd.split("\n").flatMap((line) => {
    const path = /^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/.exec(line)?.[1];
    return path === undefined ? [] : [path];
  });
}

/**
 * A program without what is only for debuggers: symbols and debug information lie behind all that is loaded into memory, so the
 * file ends there, and its header says that there is no table of sections. Nothing that runs changes. Anything but a 64-bit
 * little-endian ELF file is returned as it is.
 */
export function withoutSymbols(program: Buffer): Buffer {
  const isElf =
    program.subarray(0, 4).toString("latin1") === ELF.magic &&
    program[4] === ELF.class64 &&
    program[5] === ELF.littleEndian;
  if (!isElf) return program;
  const table = Number(program.readBigUInt64LE(PROGRAM_HEADERS_AT));
  const entryBytes = program.readUInt16LE(PROGRAM_HEADER_BYTES_AT);
  const count = program.readUInt16LE(PROGRAM_HEADER_COUNT_AT);
  let end = table + entryBytes * count;
  for (let index = 0; index < count; index += 1) {
    const entry = table + entryBytes * index;
    const offset = Number(program.readBigUInt64LE(entry + SEGMENT_OFFSET_AT));
    end = Math.max(end, offset + Number(program.readBigUInt64LE(entry + SEGMENT_FILE_BYTES_AT)));
  }
  const stripped = Buffer.from(program.subarray(0, end));
  stripped.writeBigUInt64LE(0n, SECTION_HEADERS_AT);
  stripped.writeUInt16LE(0, SECTION_COUNT_AT);
  stripped.writeUInt16LE(0, SECTION_NAMES_AT);
  return stripped;
}

async function copyInto(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}
