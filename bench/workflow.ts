/**
 * `make bench-workflow`: what a Workflow costs over what its pods and TaskRuns cost anyway. Each case once through a bare loader that
 * walks the same graph (R) and once through the operator, in turn, on simulated nodes; the ratios count, not the times.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../e2e/cluster/failure.ts";
import { onCluster, type Bed } from "./bed.ts";
import { parseCase, SHAPES, titleOf, type Case } from "./graph.ts";
import { profileInto, throughKill, throughWorkflow } from "./throughworkflow.ts";
import { bareWalk } from "./walk.ts";
import { workflowReport, type KilledRound, type Round } from "./workflowreport.ts";

const USUAL_CASES = "wide:1000 chain:100 diamonds:110";
const USUAL_KILLED = "wide:10000";
const USAGE = `usage: node bench/workflow.ts [flags] [SHAPE:SIZE ...]

  SHAPE        ${SHAPES.join(", ")}; SIZE: tasks and parts, 1 to 10,000
               without any: ${USUAL_CASES}; with --restart: ${USUAL_KILLED}
  --rounds     how often each case is run, 1 to 20 (1); the median and the spread are printed
  --seed       decides the edges of random graphs (1)
  --restart    kill the operator in the middle of each case and start it anew, in place of the rest
  --cpu-prof   a folder for CPU profiles of the operator
  --json       where all figures go (dist/bench-workflow.json)
`;
const ROUNDS_MAX = 20;
/** Compilers and caches of all that takes part, our own too. */
const WARM_UP: Case = { shape: "wide", size: 100, seed: 1 };

interface Wish {
  readonly cases: readonly Case[];
  readonly rounds: number;
  readonly restart: boolean;
  readonly profiles: string | undefined;
  readonly json: string;
}

interface Results {
  readonly rounds: Round[];
  readonly killed: KilledRound[];
}

const say = (line: string): void => console.log(line);

async function main(): Promise<number> {
  const wish = readWish(process.argv.slice(2));
  if (wish.profiles !== undefined) await profileInto(resolve(wish.profiles));
  return await onCluster(say, async (bed) => {
    const results: Results = { rounds: [], killed: [] };
    try {
      await measureAll(bed, wish, results);
    } finally {
      // What was measured before an interruption or an error is worth its time.
      if (results.rounds.length + results.killed.length > 0) await tell(wish, results);
    }
  });
}

async function measureAll(bed: Bed, wish: Wish, results: Results): Promise<void> {
  await bareWalk(bed, WARM_UP);
  for (let round = 1; round <= wish.rounds; round += 1) {
    for (const which of wish.cases) {
      const title = titleOf(which);
      const about = `round ${round} of ${wish.rounds}, ${title}`;
      if (wish.restart) {
        const killed = await throughKill(bed, which);
        say(`${about}: killed at ${killed.overAtKill}, over after ${killed.seconds.toFixed(1)} s; ${load()}`);
        results.killed.push({ title, killed });
        continue;
      }
      const bare = await bareWalk(bed, which);
      say(`${about}: R ${bare.seconds.toFixed(1)} s; ${load()}`);
      const operator = await throughWorkflow(bed, which);
      say(`${about}: operator ${operator.seconds.toFixed(1)} s; ${load()}`);
      results.rounds.push({ title, size: which.size, bare, operator });
    }
  }
}

async function tell(wish: Wish, results: Results): Promise<void> {
  say(`\n${workflowReport(results.rounds, results.killed)}`);
  await mkdir(dirname(wish.json), { recursive: true });
  const machine = { node: process.version, cpus: availableParallelism(), load: loadavg() };
  await writeFile(wish.json, `${JSON.stringify({ ...wish, machine, ...results }, null, 2)}\n`);
  say(`\nall figures: ${wish.json}`);
}

/** Others on the machine make every figure worse; the reader must know. */
function load(): string {
  return `load ${(loadavg()[0] ?? 0).toFixed(1)} on ${availableParallelism()} CPUs`;
}

function readWish(args: readonly string[]): Wish {
  const text = { type: "string" } as const;
  const options = { rounds: text, seed: text, restart: { type: "boolean" }, "cpu-prof": text, json: text } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const restart = values.restart ?? false;
    const seed = wholeNumber("--seed", values.seed ?? "1", 2 ** 31 - 1);
    const usual = (restart ? USUAL_KILLED : USUAL_CASES).split(" ");
    return {
      cases: (positionals.length > 0 ? positionals : usual).map((one) => parseCase(one, seed)),
      rounds: wholeNumber("--rounds", values.rounds ?? "1", ROUNDS_MAX),
      restart,
      profiles: values["cpu-prof"],
      json: values.json ?? join(import.meta.dirname, "../dist/bench-workflow.json"),
    };
  } catch (error) {
    throw new Error(`${messageOf(error)}\n${USAGE}`, { cause: error });
  }
}

function wholeNumber(flag: string, value: string, max: number): number {
  const number = Number(value);
  if (/^[1-9]\d*$/.test(value) && number <= max) return number;
  throw new Error(`${flag} is "${value}"; it must be a whole number from 1 to ${max}`);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`error: ${messageOf(error)}`);
  process.exitCode = 1;
}
