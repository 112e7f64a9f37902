/** Names of what workflows make: computed, never random, so that making the same thing twice collides (childname.ts). */
import { podName } from "../childname.ts";

/** A label's value, and the host name of a pod, have no more. */
const NAME_CHARS = 63;
/** childname.ts says why these. */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
/** Per half of the hash; 27^5 is less than 2^32. */
const HASH_CHARS = 5;
const HASH_AND_DASH = 2 * HASH_CHARS + 1;

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

/** The ControllerRevision that keeps the definition of that generation. Likewise. */
export function revisionName(workflow: string, generation: number, uid: string): string {
  return podName(workflow, generation, uid);
}

function cut(name: string, chars: number): string {
  return name.slice(0, chars).replace(/[.-]+$/, "");
}

/**
 * Ten characters, some 47 bits: two of 10,000 names meet once in four million runs. Two 32-bit FNV-1a lanes, as of work.ts: names are made by the
 * ten thousand, and arithmetic on 64 bits would take ten times as long.
 */
function longHash(text: string): string {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit ^ (a >>> 15), 0x85ebca6b);
  }
  return letters(mixed(a ^ (b >>> 7))) + letters(mixed(b ^ (a >>> 9)));
}

/** Murmur3's last step: every bit of the input reaches every bit of the output. */
function mixed(lane: number): number {
  let h = lane;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function letters(lane: number): string {
  let [out, left] = ["", lane];
  for (let place = 0; place < HASH_CHARS; place += 1) {
    out += ALPHABET[left % ALPHABET.length];
    left = Math.floor(left / ALPHABET.length);
  }
  return out;
}
