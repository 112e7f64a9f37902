/** How each sample of manifests/samples/ has to end. */
import { messageOf, reasonOf, type TaskRun } from "../support/objects.ts";

interface Sample {
  readonly name: string;
  readonly phase: string;
  readonly reason: string;
  readonly attempt: number;
}

export const SAMPLES: readonly Sample[] = [
  { name: "succeed", phase: "Succeeded", reason: "Succeeded", attempt: 1 },
  { name: "retry", phase: "Succeeded", reason: "Succeeded", attempt: 2 },
  { name: "oom", phase: "Failed", reason: "OOMKilled", attempt: 1 },
];

/** What is not as it should be, in sentences. */
export function judge(seen: ReadonlyMap<string, TaskRun>): readonly string[] {
  return SAMPLES.flatMap((sample) => {
    const taskRun = seen.get(sample.name);
    const wanted = ending(sample.phase, sample.reason, sample.attempt);
    if (taskRun === undefined) return [`${sample.name}: wanted ${wanted}, but it is not there`];
    const { phase = "no phase", attempt = 0 } = taskRun.status;
    const found = ending(phase, reasonOf(taskRun) ?? "no reason", attempt);
    return found === wanted ? [] : [`${sample.name}: wanted ${wanted}, saw ${found}. ${messageOf(taskRun)}`];
  });
}

function ending(phase: string, reason: string, attempt: number): string {
  return `${phase} (${reason}) in attempt ${attempt}`;
}
