/** Many problems in one message of a condition. */
import { closed, sentence } from "../wording.ts";
import { isLongerThan } from "./words.ts";

/** conditions[].message and status.message hold 1 KiB. */
const MESSAGE_BYTES_MAX = 1024;
/** " (and at least 100 more)". */
const MORE_BYTES = 32;

/**
 * Problems as sentences, whole ones as they fit into 1,024 bytes, then "(and n more)". `isAll` false: somebody stopped counting.
 */
export function joinWhole(problems: readonly string[], isAll: boolean = true): string {
  const sentences = problems.map((problem) => closed(sentence(problem)));
  const whole = sentences.join(" ");
  if (isAll && !isLongerThan(MESSAGE_BYTES_MAX, whole)) return whole;
  let message = "";
  for (const [index, one] of sentences.entries()) {
    const next = message === "" ? one : `${message} ${one}`;
    if (isLongerThan(MESSAGE_BYTES_MAX - MORE_BYTES, next)) return cut(message, next, problems.length - index, isAll);
    message = next;
  }
  return `${message} (and more)`;
}

function cut(whole: string, next: string, left: number, isAll: boolean): string {
  // A single problem that fills the message: its beginning says more than nothing.
  if (whole === "") return `${firstBytes(next)} ...${left > 1 ? more(left - 1, isAll) : ""}`;
  return whole + more(left, isAll);
}

function more(count: number, isAll: boolean): string {
  return ` (and ${isAll ? "" : "at least "}${count} more)`;
}

function firstBytes(text: string): string {
  let end = MESSAGE_BYTES_MAX - MORE_BYTES - 4;
  while (isLongerThan(MESSAGE_BYTES_MAX - MORE_BYTES - 4, text.slice(0, end).toWellFormed())) end -= 1;
  return text.slice(0, end).toWellFormed();
}
