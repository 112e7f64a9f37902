/** Names of what workflows make: computed, never random, so that making the same thing twice collides (childname.ts). */
import { hashLanes } from "../../api/hash.ts";
import { podName } from "../childname.ts";

/** A label's value, and the host name of a pod, have no more. */
const NAME_CHARS = 63;
/** childname.ts says why these. */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
/** Per half of the hash; 27^5 is less than 2^32. */
const HASH_CHARS = 5;
const HASH_AND_DASH = 2 * HASH_CHARS + 1;
/** What runName ends in. */
const RUN_NAME = /-([1-9]\d*)-[a-z0-9]+$/;

/**
 * `<run>-<task>[-<index>][-r<round>]`, at most 63 characters: the name of a task's TaskRun, or of its sub-workflow's run. What would be
 * longer is `<run, cut>-<task, cut>-<hash of all>[-<index>][-r<round>]`. A valid name of an object if the run's is, and without
 * dots if that has none.
 */
export function childName(run: string, task: string, index: number | undefined, round: number): string {
  const suffix = `${index === undefined ? "" : `-${index}`}${round > 0 ? `-r${round}` : ""}`;
  const name = `${run}-${task}${suffix}`;
  if (name.length <= NAME_CHARS) return name;
  const room = NAME_CHARS - suffix.length - HASH_AND_DASH - 1;
  // The run's name is cut first, but not below a third: the task is what tells children of one run apart.
  const forRun = Math.max(Math.floor(room / 3), room - task.length);
  const [runPart, taskPart] = [cut(run, forRun), cut(task, room - Math.min(run.length, forRun))];
  // No name has a slash, so no two children hash the same text.
  return `${runPart}-${taskPart}-${longHash(`${run}/${task}/${suffix}`)}${suffix}`;
}

/** `<workflow>-<generation>-<hash of the Workflow's uid>`: the run that OnApply starts for a generation. */
export function runName(workflow: string, generation: number, uid: string): string {
  return podName(workflow, generation, uid);
}

/** The generation that OnApply started a run of this name for. None: it did not start it. */
export function generationOfRun(run: string, workflow: string, uid: string): number | undefined {
  const digits = RUN_NAME.exec(run)?.[1];
  const generation = Number(digits);
  return digits !== undefined && run === runName(workflow, generation, uid) ? generation : undefined;
}

/** The ControllerRevision that keeps the definition of that generation. Likewise. */
export function revisionName(workflow: string, generation: number, uid: string): string {
  return podName(workflow, generation, uid);
}

function cut(name: string, chars: number): string {
  return name.slice(0, chars).replace(/[.-]+$/, "");
}

/** Ten characters, some 47 bits: two of 10,000 names meet once in four million runs. */
function longHash(text: string): string {
  return hashLanes(text).map(letters).join("");
}

function letters(lane: number): string {
  let [out, left] = ["", lane];
  for (let place = 0; place < HASH_CHARS; place += 1) {
    out += ALPHABET[left % ALPHABET.length];
    left = Math.floor(left / ALPHABET.length);
  }
  return out;
}
