/** What a process has used, as the kernel counts it. */
import { readFile } from "node:fs/promises";

/** Clock ticks per second in /proc: USER_HZ, 100 on every Linux in use. */
const TICKS_PER_SECOND = 100;

/** CPU seconds of a process so far, in user and kernel mode. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // Fields 14 and 15 of proc(5); the first two are before the cut.
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The most memory it ever held, in MB (10^6 bytes). */
export async function peakMemoryMb(pid: number): Promise<number> {
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  return (Number(kib) * 1024) / 1e6;
}
