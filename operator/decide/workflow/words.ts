/** How names, values and places of a definition read in messages. */

/** Long enough for every name of the API that is not the whole message. */
const SHOWN_CHARS = 80;

/** Somebody's text within a sentence, cut if it is long. */
export function shown(text: string): string {
  return text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS).toWellFormed()}...`;
}

/** In quotes, cut if it is long; what is invisible is written as JSON writes it. */
export function quoted(text: string): string {
  return JSON.stringify(shown(text));
}

const PLAIN_KEY = /^[A-Za-z_$][-\w$]*$/;

/** The path of a field: `spec.env`, or `labels["app.kubernetes.io/name"]` where a dot would mislead. */
export function keyPath(path: string, key: string): string {
  if (PLAIN_KEY.test(key)) return path === "" ? shown(key) : `${path}.${shown(key)}`;
  return `${path}[${quoted(key)}]`;
}

/** Whether a text is longer than so many bytes of UTF-8. */
export function isLongerThan(bytesMax: number, text: string): boolean {
  // A UTF-16 unit is one to three bytes: most texts need no count.
  if (text.length * 3 <= bytesMax) return false;
  return text.length > bytesMax || new TextEncoder().encode(text).length > bytesMax;
}

/** Whether a text has more characters than so many. They count as the API server counts them: by code points. */
export function hasMoreCharsThan(charsMax: number, text: string): boolean {
  if (text.length <= charsMax) return false;
  if (text.length > 2 * charsMax) return true;
  // A pair of surrogates is one character.
  const pairs = text.match(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g)?.length ?? 0;
  return text.length - pairs > charsMax;
}

/** More names than anybody follows. */
const CHAIN_SHOWN = 12;

/** a -> b -> a; a long one without its middle. */
export function chain(names: readonly string[]): string {
  if (names.length <= CHAIN_SHOWN) return names.map(shown).join(" -> ");
  const [first, last] = [names.slice(0, CHAIN_SHOWN - 3), names.slice(-2)];
  return [...first, `(${names.length - first.length - last.length} more)`, ...last].map(shown).join(" -> ");
}
