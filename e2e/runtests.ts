/**
 * `make test`: builds what the local Kubernetes needs, runs all test projects, and ends with one line that counts them.
 * Exits with 1 if a test failed, or if a project ended without telling its results.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What runs at once: the end-to-end tests in two lanes (e2e/support/lanes.ts), the others each alone. */
const STAGES: readonly (readonly Lane[])[] = [
  [{ title: "unit tests", project: "unit" }],
  [{ title: "sim tests", project: "sim" }],
  [
    { title: "e2e tests, first lane", project: "e2e", shard: "1/2" },
    { title: "e2e tests, second lane (it ran beside the first)", project: "e2e", shard: "2/2" },
  ],
];

interface Lane {
  readonly title: string;
  readonly project: string;
  readonly shard?: string;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The fields we read of vitest's JSON report. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly success: boolean;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/** Set once the user wants to stop; what runs then ends by itself, and nothing more is started. */
let interrupted: NodeJS.Signals | undefined;

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "stint-test-"));
  const all: Counts[] = [];
  try {
    for (const stage of STAGES) {
      if (interrupted !== undefined) break;
      const needsCluster = stage.some(({ project }) => project === "e2e");
      if (needsCluster && !(await prepareCluster())) all.push({ passed: 0, failed: 1, skipped: 0 });
      else all.push(...(await runStage(stage, folder)));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const total = (pick: (counts: Counts) => number): number => all.reduce((sum, counts) => sum + pick(counts), 0);
  const [passed, failed, skipped] = [total((c) => c.passed), total((c) => c.failed), total((c) => c.skipped)];
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  if (interrupted !== undefined) console.log(`interrupted by ${interrupted}: not all tests were run`);
  if (failed > 0 || interrupted !== undefined) process.exitCode = 1;
}

/** The first build takes minutes, so it runs here, where its progress can be seen, and not inside a test. */
async function prepareCluster(): Promise<boolean> {
  if (process.env["CLUSTER"] === "existing") return true;
  return (await run(["e2e/cluster/main.ts", "build"])) === 0;
}

/** The first lane shows what it does as it goes; what the others said comes after, or lines would mix. */
async function runStage(stage: readonly Lane[], folder: string): Promise<readonly Counts[]> {
  const output = (lane: Lane): string => join(folder, `${nameOf(lane)}.log`);
  const [first, ...others] = stage;
  console.log(headingOf(first));
  const counts = await Promise.all(
    stage.map((lane) => runLane(lane, folder, lane === first ? undefined : output(lane))),
  );
  for (const lane of others) console.log(`${headingOf(lane)}\n${readFileSync(output(lane), "utf8")}`);
  return counts;
}

function headingOf(lane: Lane | undefined): string {
  return `\n=== ${lane?.title} ===`;
}

function nameOf({ project, shard }: Lane): string {
  return shard === undefined ? project : `${project}-${shard.replace("/", "-of-")}`;
}

async function runLane(lane: Lane, folder: string, outputFile: string | undefined): Promise<Counts> {
  const reportFile = join(folder, `${nameOf(lane)}.json`);
  const args = [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--project",
    lane.project,
    ...(lane.shard === undefined ? [] : [`--shard=${lane.shard}`]),
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${reportFile}`,
  ];
  const status = await run(args, outputFile);
  const counts = readCounts(reportFile);
  // A lane that failed without a failed test (a crash, an unhandled error, no file found) must not look green.
  return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

function readCounts(reportFile: string): Counts {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(reportFile, "utf8")) as Report;
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const broken = report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** Waits for the end of what it runs, also when it was asked to end itself: there may be a cluster to take down. */
async function run(args: readonly string[], outputFile?: string): Promise<number> {
  const output = outputFile === undefined ? "inherit" : openSync(outputFile, "w");
  const child = spawn(process.execPath, args, { stdio: ["inherit", output, output] });
  const forward = (signal: NodeJS.Signals): void => {
    interrupted = signal;
    child.kill(signal);
  };
  process.on("SIGINT", forward).on("SIGTERM", forward);
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    return code ?? 1;
  } finally {
    process.off("SIGINT", forward).off("SIGTERM", forward);
    if (typeof output === "number") closeSync(output);
  }
}

await main();
