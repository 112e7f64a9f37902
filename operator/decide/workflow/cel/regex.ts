/** How large a regular expression becomes when it is compiled, counted before anything is compiled. */

/**
 * Steps of the compiled pattern. Names, dates and versions need less than 200 (a DNS label with its {0,61} needs about 130);
 * compiling 500 takes about a millisecond.
 */
export const REGEX_SIZE_MAX = 500;

/**
 * UTF-16 units of a text that is matched. A text makes at most one state of the automaton for each of its characters; beyond
 * 10,000 states the library would go on without one, in time that is quadratic in the pattern.
 */
export const REGEX_TEXT_CHARS_MAX = 8192;

/** UTF-16 units of a pattern: what sorts out its parts may look at each part again from each place. */
export const REGEX_CHARS_MAX = 1000;

/** A class of Unicode (\pL) holds hundreds of ranges that are copied with every repetition. */
const UNICODE_CLASS_SIZE = 10;

/** Of every pattern: where it begins, where it fails, where it has matched. */
const FRAME_SIZE = 3;

/** Of a group: where it begins and ends, and a step if it is empty. */
const GROUP_SIZE = 3;

/** What a sum stops at: products of repetitions are beyond every bound long before. */
const COUNTED_MAX = 1e9;

/** One alternative or group: what came before its last part, and the last part, which a {2,5} after it would repeat. */
interface Group {
  before: number;
  last: number;
}

/** An upper bound of the size in steps; of texts that are no regular expressions, too. */
export function regexSize(pattern: string): number {
  if (pattern.length > REGEX_CHARS_MAX) return COUNTED_MAX;
  const outer: Group[] = [];
  let group: Group = { before: 0, last: 0 };
  for (const part of pattern.matchAll(PARTS)) {
    const [text] = part;
    if (text === "(") {
      outer.push(group);
      group = { before: 0, last: 0 };
    } else if (text === ")") {
      const closed = outer.pop();
      const size = group.before + group.last + GROUP_SIZE;
      group = closed === undefined ? { before: size, last: 0 } : { before: closed.before + closed.last, last: size };
    } else {
      group = extended(group, text, part.groups?.["count"]);
    }
  }
  const open = outer.reduce((sum, { before, last }) => sum + before + last, 0);
  return Math.min(COUNTED_MAX, open + group.before + group.last + FRAME_SIZE);
}

/** Escapes (\pL, \x{3b1}, \Q...\E), classes with what is escaped or named in them, {2,5}, and single characters. */
const PARTS =
  /\\Q(?:[^\\]|\\(?!E))*(?:\\E)?|\\[pP](?:\{[^}]*\}|.)|\\x\{[^}]*\}|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\{(?<count>\d+(?:,\d*)?)\}|./gsu;

function extended({ before, last }: Group, text: string, count: string | undefined): Group {
  if (count !== undefined) {
    const times = Math.max(1, ...count.split(",").map(Number)) + (count.endsWith(",") ? 1 : 0);
    // Each repetition that need not be has a choice of its own.
    const each = count.includes(",") ? last + 1 : last;
    return { before, last: Math.min(COUNTED_MAX, each * times) };
  }
  if (text === "*" || text === "+" || text === "?") return { before, last: last + 1 };
  return { before: Math.min(COUNTED_MAX, before + last), last: sizeOf(text) };
}

function sizeOf(text: string): number {
  if (text.startsWith("\\Q")) return text.length;
  // An alternative that is empty takes a step.
  if (text === "|") return 2;
  const classes = text.match(/\\[pP]/g)?.length ?? 0;
  return 1 + classes * UNICODE_CLASS_SIZE;
}
