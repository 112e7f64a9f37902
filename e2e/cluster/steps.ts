/** Building things once: steps that are skipped when what they make is there, and that say how far they are. */
import { access, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { ClusterError, messageOf } from "./failure.ts";

/** How often a running step says that it is still running. */
const ALIVE_MS = 30_000;

/** One thing to build. */
export interface Step {
  readonly what: string;
  readonly expected: string;
  /** The files whose presence says that the step is done, inside the build folder. */
  readonly makes: readonly string[];
  /** Builds into `work`, a fresh folder inside the build folder. */
  readonly make: (work: string) => Promise<void>;
}

/** The steps of which something is not there. */
export async function missingOf(steps: readonly Step[], dir: string): Promise<readonly Step[]> {
  const missing: Step[] = [];
  for (const step of steps) {
    const found = await Promise.all(step.makes.map((name) => exists(join(dir, name))));
    if (found.includes(false)) missing.push(step);
  }
  return missing;
}

/** Runs the steps one after the other. */
export async function runSteps(steps: readonly Step[], dir: string, say: (line: string) => void): Promise<void> {
  const beganMs = performance.now();
  for (const [index, step] of steps.entries()) {
    const label = `[${index + 1}/${steps.length}] ${step.what}`;
    say(`${label}: ${step.expected}`);
    const startMs = performance.now();
    const alive = setInterval(() => say(`${label}: running for ${seconds(startMs)} s`), ALIVE_MS);
    const work = await mkdtemp(join(dir, ".work-"));
    try {
      await step.make(work);
      say(`${label}: done in ${seconds(startMs)} s`);
    } finally {
      clearInterval(alive);
      await rm(work, { recursive: true, force: true });
    }
  }
  say(`built in ${seconds(beganMs)} s`);
}

function seconds(sinceMs: number): number {
  return Math.round((performance.now() - sinceMs) / 1000);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw new ClusterError(`${path} cannot be read: ${messageOf(error)}`);
    },
  );
}
