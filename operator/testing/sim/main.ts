/**
 * Replays one run of the simulator, or many: `make sim SEED=7`, or
 * `node operator/testing/sim/main.ts 7 | --seeds=1-1000 | --scenario=success [--at=3:killAfter,5:loseReply] [--quiet]`.
 */
import { parseArgs } from "node:util";
import { startOperator } from "./core.ts";
import type { RequestFault } from "./faults.ts";
import { planForSeed } from "./generate.ts";
import { scenarioPlan, STEADY } from "./scenarios.ts";
import { type RunResult, runWorld } from "./run.ts";

import { Violation } from "./violation.ts";
import type { WorldPlan } from "./worldplan.ts";

/** Broken seeds named in a summary: enough to start with. */
const NAMED_MAX = 20;
const PROGRESS_EVERY_SEEDS = 100;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    scenario: { type: "string" },
    at: { type: "string" },
    pair: { type: "boolean" },
    quiet: { type: "boolean" },
  },
});

const SEED = /^\d{1,9}$/;
const RANGE = /^(\d{1,9})-(\d{1,9})$/;
if (values.seeds !== undefined) await runRange(values.seeds);
else await runOne(values.seed ?? positionals[0] ?? "1");

function refuse(text: string): never {
  print(`a seed is a whole number, and a range of seeds is written as 1-1000; "${text}" is neither`);
  process.exit(2);
}

async function runOne(seed: string): Promise<void> {
  if (!SEED.test(seed)) refuse(seed);
  const printer = values.quiet === true ? {} : { print };
  const plan =
    values.scenario === undefined
      ? planForSeed(Number(seed), { startOperator, ...printer })
      : scenarioPlan(values.scenario, {
          startOperator,
          ...printer,
          ...crashPoints(values.at),
          ...(values.pair === true && { pair: STEADY }),
        });
  print(describePlan(plan));
  const startedAt = performance.now();
  try {
    const result = await runWorld(plan);
    print(describeResult(result, performance.now() - startedAt));
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    print(`\n${values.quiet === true ? error.message : error.message.split("\n").slice(0, 2).join("\n")}`);
    process.exitCode = 1;
  }
}

async function runRange(range: string): Promise<void> {
  const [first = 1, last = first] = (RANGE.exec(range) ?? refuse(range)).slice(1).map(Number);
  if (first > last) refuse(range);
  const broken: string[] = [];
  let virtualMs = 0;
  const startedAt = performance.now();
  for (let seed = first; seed <= last; seed++) {
    try {
      const result = await runWorld(planForSeed(seed, { startOperator }));
      virtualMs += result.virtualMs;
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      broken.push(`${seed}  ${error.message.split("\n")[0]}`);
    }
    if (process.stderr.isTTY && (seed - first + 1) % PROGRESS_EVERY_SEEDS === 0) {
      const rate = (seed - first + 1) / ((performance.now() - startedAt) / 1000);
      process.stderr.write(`\r${seed - first + 1} seeds, ${broken.length} broken, ${rate.toFixed(0)} seeds/s `);
    }
  }
  const spentMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage();
  const count = last - first + 1;
  const perSecond = ((count / spentMs) * 1000).toFixed(0);
  // Wall time depends on who else is at work on this machine; processor time does not.
  const perCpuSecond = ((count / (user + system)) * 1_000_000).toFixed(0);
  const factor = (virtualMs / spentMs).toFixed(0);
  print(
    `\n${count} seeds, ${broken.length} broken; ${perSecond} seeds/s, ${perCpuSecond} per second of CPU, ${factor} times faster than time`,
  );
  for (const line of broken.slice(0, NAMED_MAX)) print(`  seed ${line}`);
  if (broken.length > NAMED_MAX) print(`  and ${broken.length - NAMED_MAX} more`);
  if (broken.length > 0) process.exitCode = 1;
}

function crashPoints(text: string | undefined): { at?: ReadonlyMap<number, RequestFault> } {
  if (text === undefined) return {};
  const at = text.split(",").map((point) => {
    const [index, kind = "killBefore"] = point.split(":");
    return [Number(index), { kind } as RequestFault] as const;
  });
  return { at: new Map(at) };
}

function describePlan(plan: WorldPlan): string {
  const rates = Object.entries(plan.rates ?? {}).map(([name, rate]) => `${name}=${rate}`);
  const objects = [...plan.taskRuns, ...(plan.workflows ?? [])];
  const lines = objects.map((object) => `  ${abridged(JSON.stringify(object, infinite))}`);
  const who = plan.pair === undefined ? "" : `two replicas with clocks at ${plan.pair.clockRates.join(" and ")}, `;
  const setting = `${who}faults for ${plan.chaosMs / 1000} s, slowness ${plan.slowness}, restart after ${plan.restartMs.join("-")} ms`;
  const initial = plan.initialEvents ? "server sends initial events" : "server refuses initial events";
  const server = `${initial}, pages of ${plan.pageItemsMax === 0 ? "any size" : plan.pageItemsMax}`;
  return [`run ${plan.seed}: ${setting}, ${server}`, `  ${rates.join(" ")}`, ...lines, ""].join("\n");
}

/** JSON has no infinity. */
function infinite(_name: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? "forever" : value;
}

function abridged(text: string): string {
  return text.length > 4000 ? `${text.slice(0, 4000)}...` : text;
}

function describeResult(result: RunResult, spentMs: number): string {
  const { hash, steps, virtualMs, requests, lives, exits, terms, ends } = result;
  const verbs = Object.entries(requests).map(([verb, count]) => `${verb} ${count}`);
  return [
    "",
    ...Object.entries(ends).map(([key, end]) => `  ${key.padEnd(24)} ${end}`),
    `  ${lives} lives of the operator${terms === 0 ? "" : `, ${terms} of them led, ${exits} ended because they led no longer`}`,
    `  requests: ${verbs.join(", ")}`,
    `  ${steps} steps, ${(virtualMs / 1000).toFixed(0)} s of virtual time in ${spentMs.toFixed(0)} ms; trace ${hash}`,
  ].join("\n");
}
