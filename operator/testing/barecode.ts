/** A regular expression may stand where a value is expected: after these, or after these words. */
const BEFORE_PATTERN = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|of|in))\s*$/;
const PATTERN = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const QUOTED = /"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'/y;
const TEMPLATE_TEXT = /(?:\\[\s\S]|\$(?!\{)|[^\\`$])*/y;

/** The code alone: comments, and what is inside quotes, templates and patterns, are blanked out; every place stays the same. */
export function bare(text: string): string {
  return new Scanner(text).code();
}

class Scanner {
  readonly #text: string;
  #at = 0;
  #out = "";
  /** For each open template, how many braces are open inside its ${}. */
  readonly #templates: number[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  code(): string {
    while (this.#at < this.#text.length) this.#next();
    return this.#out;
  }

  #next(): void {
    const patternMayStand = this.#text[this.#at] === "/" && BEFORE_PATTERN.test(this.#out.slice(-80));
    const blanked = this.#match(COMMENT) ?? (patternMayStand ? this.#match(PATTERN) : undefined) ?? this.#match(QUOTED);
    if (blanked === undefined) this.#char(this.#text[this.#at] ?? "");
    else if (blanked.startsWith("/")) this.#blank(blanked.length);
    else {
      this.#keep(1);
      this.#blank(blanked.length - 2);
      this.#keep(1);
    }
  }

  #char(char: string): void {
    const inner = this.#templates.length - 1;
    const depth = this.#templates[inner];
    this.#keep(1);
    if (char === "`") this.#template();
    else if (char === "}" && depth === 0) {
      this.#templates.pop();
      this.#template();
    } else if (depth !== undefined && char === "{") this.#templates[inner] = depth + 1;
    else if (depth !== undefined && char === "}") this.#templates[inner] = depth - 1;
  }

  /** The text of a template up to its end, or to the next ${ in it. */
  #template(): void {
    this.#blank(this.#match(TEMPLATE_TEXT)?.length ?? 0);
    const opens = this.#text.startsWith("${", this.#at);
    if (opens) this.#templates.push(0);
    this.#keep(opens ? 2 : 1);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0];
  }

  #keep(length: number): void {
    this.#out += this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
  }

  #blank(length: number): void {
    this.#out += this.#text.slice(this.#at, this.#at + length).replace(/[^\n]/g, " ");
    this.#at += length;
  }
}
