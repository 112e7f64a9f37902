/** The way out for what often goes wrong elsewhere than where it shows. */

/** @param bare the expression with blanks for its texts and comments, at the same places */
export function hintFor(bare: string, source: string): string | undefined {
  const dash = DASHED.exec(bare);
  const name = dash?.groups?.["name"] ?? "";
  if (dash !== null && !/-(?:params|tasks|run)(?:-|$)/.test(name)) {
    const head = source.slice(dash.index, dash.index + dash[0].length - name.length - 1);
    return `a name with a dash needs an index: ${head}["${name}"]`;
  }
  const word = /(?<!\.\s*)\b(and|or|not)\b(?!\s*[.(])/i.exec(bare)?.[1]?.toLowerCase();
  if (word === undefined) return undefined;
  return `use ${word === "and" ? "&&" : word === "or" ? "||" : "!"} for "${word}"`;
}

const DASHED = /\b(?:params|run|tasks(?:\.\w+\.results|\[ *\]\.results)?)\.(?<name>[A-Za-z_]\w*(?:-\w+)+)/;
