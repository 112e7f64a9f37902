/** How the parts of this folder say that an expression cannot be used; decide/workflow/when.ts makes it a value. */

/** What is wrong, and where. Never leaves decide/workflow/when.ts. */
export class ExpressionError extends Error {
  /** UTF-16 units from the start of the expression; undefined where no place is to blame. */
  readonly offset: number | undefined;

  constructor(message: string, offset: number | undefined) {
    super(message);
    this.name = "ExpressionError";
    this.offset = offset;
  }
}

/** Somebody's text within a sentence: quoted, and cut where it is long. */
export function quoted(text: string): string {
  return `"${shortened(text, QUOTED_CHARS_MAX)}"`;
}

/** Enough to recognise a name or a value by. */
const QUOTED_CHARS_MAX = 60;

/** At most so many characters, with "..." for what was cut. */
export function shortened(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars - 4).toWellFormed()} ...`;
}
