/**
 * `make bench-core`: what the operator's core itself spends on a workflow, without a cluster: CPU per task at growing sizes, and how
 * often each kind of call is made. Times on a shared machine mean little; how the figure grows with the size means much.
 */
import { parseArgs } from "node:util";
import { messageOf } from "../e2e/cluster/failure.ts";
import { API_VERSION } from "../operator/api/names.ts";
import type { Port } from "../operator/api/port.ts";
import { startCore } from "../operator/controller/core.ts";
import { systemClock } from "../operator/port/clock.ts";
import { parseCase, SHAPES, titleOf, workflowSpecOf, type Case } from "./graph.ts";
import { InstantServer } from "./instantserver.ts";
import { cell, grid } from "./report.ts";

const USUAL_SIZES = [100, 1_000, 10_000];
const SEED = 1;
const NAMESPACE = "bench";
const LOOK_MS = 20;
const LIMIT_MS = 10 * 60_000;
const USAGE = `usage: node bench/core.ts [--rounds=3] [SHAPE:SIZE ...]

  SHAPE   ${SHAPES.join(", ")}; without any: each with ${USUAL_SIZES.join(", ")} tasks
`;

interface Measured {
  readonly title: string;
  readonly size: number;
  /** Milliseconds, of the core and of the server in the same process. */
  readonly cpuMs: number;
  readonly calls: ReadonlyMap<string, number>;
}

async function main(): Promise<void> {
  const { rounds, cases } = readWish(process.argv.slice(2));
  // Compilers first: the first thousand tasks of a process cost three times as much as others.
  for (const shape of SHAPES) await measure({ shape, size: 1_000, seed: SEED });
  const measured: Measured[] = [];
  for (let round = 0; round < rounds; round += 1) for (const which of cases) measured.push(await measure(which));
  console.log(table(measured));
}

async function measure(which: Case): Promise<Measured> {
  const api = new InstantServer();
  const port: Port = { api, clock: systemClock(), random: Math.random, log: SILENT, meter: SILENT };
  const core = startCore(port, { namespaces: [NAMESPACE], events: false });
  await until(() => core.ready());
  const before = process.cpuUsage();
  await make(api, "workflows", { kind: "Workflow", metadata: { name: "flow" }, spec: workflowSpecOf(which) });
  await make(api, "workflowruns", {
    kind: "WorkflowRun",
    metadata: { name: "run" },
    spec: { workflowRef: { name: "flow" } },
  });
  const target = { kind: `/apis/${API_VERSION}/workflowruns`, namespace: NAMESPACE, name: "run" };
  const phase = (): unknown => Reflect.get(api.get(target)?.["status"] ?? {}, "phase");
  await until(() => ["Succeeded", "Failed", "Cancelled"].includes(String(phase())));
  const { user, system } = process.cpuUsage(before);
  await core.stop();
  if (phase() !== "Succeeded") throw new Error(`${titleOf(which)}: the run is ${String(phase())}`);
  return { title: titleOf(which), size: which.size, cpuMs: (user + system) / 1000, calls: api.calls };
}

async function make(api: InstantServer, kind: string, body: object): Promise<void> {
  const path = `/apis/${API_VERSION}/namespaces/${NAMESPACE}/${kind}`;
  await api.request({ method: "POST", path, body: { apiVersion: API_VERSION, ...body }, timeoutMs: LIMIT_MS });
}

async function until(isSo: () => boolean): Promise<void> {
  const deadline = AbortSignal.timeout(LIMIT_MS);
  while (!isSo()) {
    deadline.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

const SILENT = {
  debug: (): void => undefined,
  info: (): void => undefined,
  warn: (): void => undefined,
  error: (message: string, fields: unknown): void => console.error(message, fields),
  count: (): void => undefined,
  observe: (): void => undefined,
  set: (): void => undefined,
};

function table(measured: readonly Measured[]): string {
  const rows = [...Map.groupBy(measured, ({ title }) => title)].map(([title, group]) => {
    const counts = new Map(group.at(-1)?.calls);
    const perTask = (call: string): string => ((counts.get(call) ?? 0) / (group[0]?.size ?? 1)).toFixed(3);
    return [
      title,
      cell(
        group.map(({ size, cpuMs }) => cpuMs / size),
        3,
      ),
      ...CALLS.map(perTask),
    ];
  });
  const head = `CPU per task of the core, with an API server in the same process that replies at once`;
  return [head, "", ...grid([["", "CPU ms/task", ...CALLS], ...rows])].join("\n");
}

const CALLS = ["POST taskruns", "POST pods", "PUT taskruns/status", "PUT workflowruns/status"];
const ROUNDS_MAX = 20;

function readWish(args: readonly string[]): { readonly rounds: number; readonly cases: readonly Case[] } {
  try {
    const options = { rounds: { type: "string" } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const rounds = Number(values.rounds ?? "3");
    if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
      throw new Error(`--rounds is "${values.rounds}"; it must be a whole number from 1 to ${ROUNDS_MAX}`);
    }
    const all = SHAPES.flatMap((shape) => USUAL_SIZES.map((size) => `${shape}:${size}`));
    return { rounds, cases: (positionals.length > 0 ? positionals : all).map((one) => parseCase(one, SEED)) };
  } catch (error) {
    throw new Error(`${messageOf(error)}\n${USAGE}`, { cause: error });
  }
}

try {
  await main();
} catch (error) {
  console.error(`error: ${messageOf(error)}`);
  process.exitCode = 1;
}
