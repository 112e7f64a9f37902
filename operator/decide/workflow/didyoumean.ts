/** What was probably meant by a name that does not exist. */

/** A name has 63 characters at most; what is longer is no slip of a finger. */
const NAME_CHARS_MAX = 64;
const EDITS_MAX = 3;

/**
 * `; did you mean "extract"?`, or nothing: the first of the nearest names, at most a third of the word away from it. Exchanged
 * neighbours are one edit; upper and lower case do not differ.
 */
export function didYouMean(wrong: string, known: Iterable<string>): string {
  const near = nearest(wrong, known);
  return near === undefined ? "" : `; did you mean "${near}"?`;
}

export function nearest(wrong: string, known: Iterable<string>): string | undefined {
  if (wrong.length > NAME_CHARS_MAX) return undefined;
  const word = wrong.toLowerCase();
  let best: string | undefined;
  let limit = Math.min(EDITS_MAX, Math.floor((word.length + 1) / 3));
  for (const name of known) {
    if (Math.abs(name.length - word.length) > limit) continue;
    const edits = editsUpTo(limit, word, name.toLowerCase());
    if (edits > limit || (best !== undefined && edits === limit)) continue;
    best = name;
    limit = edits;
    if (edits === 0) return best;
  }
  return best;
}

/** Optimal string alignment; limit + 1 for words that are further apart. What both begin and end with needs no edits. */
function editsUpTo(limit: number, a: string, b: string): number {
  let [start, endA, endB] = [0, a.length, b.length];
  while (start < endA && start < endB && a.charCodeAt(start) === b.charCodeAt(start)) start += 1;
  while (endA > start && endB > start && a.charCodeAt(endA - 1) === b.charCodeAt(endB - 1)) {
    endA -= 1;
    endB -= 1;
  }
  if (Math.abs(endA - endB) > limit) return limit + 1;
  if (start === endA || start === endB) return endA - start + (endB - start);
  return alignment(limit, a.slice(start, endA), b.slice(start, endB));
}

/** Only a band beside the diagonal is filled in: what is outside needs more than `limit` edits. */
function alignment(limit: number, a: string, b: string): number {
  const far = limit + 1;
  const width = b.length + 1;
  let older = new Uint8Array(width).fill(far);
  let previous = Uint8Array.from({ length: width }, (_, column) => Math.min(column, far));
  let current = new Uint8Array(width).fill(far);
  for (let line = 1; line <= a.length; line += 1) {
    const first = Math.max(1, line - limit);
    current[first - 1] = first === 1 ? Math.min(line, far) : far;
    let least = current[first - 1] ?? far;
    for (let column = first; column <= Math.min(b.length, line + limit); column += 1) {
      const edits = editsHere({ a, b, line, column, far }, { older, previous, current });
      current[column] = edits;
      least = Math.min(least, edits);
    }
    if (line + limit < b.length) current[line + limit + 1] = far;
    if (least > limit) return far;
    [older, previous, current] = [previous, current, older];
  }
  return previous[b.length] ?? far;
}

interface Cell {
  readonly a: string;
  readonly b: string;
  readonly line: number;
  readonly column: number;
  readonly far: number;
}

interface Rows {
  readonly older: Uint8Array;
  readonly previous: Uint8Array;
  readonly current: Uint8Array;
}

function editsHere({ a, b, line, column, far }: Cell, { older, previous, current }: Rows): number {
  const same = a[line - 1] === b[column - 1];
  const isSwap = line > 1 && column > 1 && a[line - 1] === b[column - 2] && a[line - 2] === b[column - 1];
  return Math.min(
    far,
    (previous[column - 1] ?? far) + (same ? 0 : 1),
    (previous[column] ?? far) + 1,
    (current[column - 1] ?? far) + 1,
    isSwap ? (older[column - 2] ?? far) + 1 : far,
  );
}
