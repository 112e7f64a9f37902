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

/** Optimal string alignment; anything above `limit` for words that are further apart. Looks at a band beside the diagonal only. */
function editsUpTo(limit: number, a: string, b: string): number {
  const far = limit + 1;
  let [older, previous] = [[] as readonly number[], Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let line = 1; line <= a.length; line += 1) {
    const current = Array.from({ length: b.length + 1 }, () => far);
    if (line <= limit) current[0] = line;
    let least = current[0] ?? far;
    for (let column = Math.max(1, line - limit); column <= Math.min(b.length, line + limit); column += 1) {
      const same = a[line - 1] === b[column - 1];
      const swapped = a[line - 1] === b[column - 2] && a[line - 2] === b[column - 1];
      const edits = Math.min(
        (previous[column - 1] ?? far) + (same ? 0 : 1),
        (previous[column] ?? far) + 1,
        (current[column - 1] ?? far) + 1,
        swapped ? (older[column - 2] ?? far) + 1 : far,
      );
      current[column] = edits;
      least = Math.min(least, edits);
    }
    if (least > limit) return far;
    [older, previous] = [previous, current];
  }
  return previous[b.length] ?? far;
}
