/**
 * `make bench`: how much of what the API server can do at all is left for tasks. A burst of short TaskRuns, once through
 * a bare loader (R) and once through the operator, in turn, on simulated nodes; the ratio counts, not the time.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../e2e/cluster/failure.ts";
import { onCluster } from "./bed.ts";
import { bareLoader, throughOperator, type Burst, type Contestant } from "./burst.ts";
import { table, type Measured } from "./report.ts";

const USAGE = `usage: node bench/main.ts [--tasks=1000] [--rounds=3] [--json=dist/bench.json]

  --tasks    TaskRuns in one burst, 1 to 20,000
  --rounds   bursts of each kind, in turn, 1 to 20; the median and the spread are printed
  --json     where all figures go
`;
const TASKS_MAX = 20_000;
const ROUNDS_MAX = 20;

interface Wish {
  readonly tasks: number;
  readonly rounds: number;
  readonly json: string;
}

const say = (line: string): void => console.log(line);

async function main(): Promise<number> {
  const wish = readWish(process.argv.slice(2));
  return await onCluster(say, async (bed) => {
    const measured = await rounds({ ...bed, tasks: wish.tasks }, wish);
    say(`\n${table(measured, wish.tasks)}`);
    await mkdir(dirname(wish.json), { recursive: true });
    await writeFile(wish.json, `${JSON.stringify({ ...wish, node: process.version, measured }, null, 2)}\n`);
    say(`\nall figures: ${wish.json}`);
  });
}

/** One burst of each kind uncounted, so that caches and compilers are warm; then in turn. */
async function rounds(burst: Burst, { rounds: count, tasks }: Wish): Promise<readonly Measured[]> {
  const contestants: readonly Contestant[] = [bareLoader, throughOperator];
  const warmUp = { ...burst, tasks: Math.min(tasks, 200) };
  for (const contestant of contestants) await contestant.run(warmUp);
  const measured: Measured[] = [];
  for (let round = 1; round <= count; round += 1) {
    for (const { name, run } of contestants) {
      const figures = await run(burst);
      measured.push({ name, round, figures });
      say(`round ${round} of ${count}, ${name}: ${figures.tasksPerSecond.toFixed(1)} tasks/s`);
    }
  }
  return measured;
}

function readWish(args: readonly string[]): Wish {
  const options = { tasks: { type: "string" }, rounds: { type: "string" }, json: { type: "string" } } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    return {
      tasks: wholeNumber("--tasks", values.tasks ?? "1000", TASKS_MAX),
      rounds: wholeNumber("--rounds", values.rounds ?? "3", ROUNDS_MAX),
      json: values.json ?? join(import.meta.dirname, "../dist/bench.json"),
    };
  } catch (error) {
    throw new Error(`${messageOf(error)}\n${USAGE}`, { cause: error });
  }
}

function wholeNumber(flag: string, text: string, max: number): number {
  const value = Number(text);
  if (/^[1-9]\d*$/.test(text) && value <= max) return value;
  throw new Error(`${flag} is "${text}"; it must be a whole number from 1 to ${max}`);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`error: ${messageOf(error)}`);
  process.exitCode = 1;
}
