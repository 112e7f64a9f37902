/** values.yaml and the table of values in the documentation, both of the chart's values.schema.json. */
import { dump } from "js-yaml";

/** What is read of the schema. */
export interface Schema {
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** One value that can be set. */
export interface Value {
  readonly path: string;
  readonly schema: Schema;
}

const HEADER = `# What can be set, with the defaults. Made by \`make generate\` of values.schema.json; do not edit.
`;
/** As wide as prose in the templates is. */
const COMMENT_CHARS = 118;
/** Helm's own, which no value of ours is. */
const NOT_OURS = "global";

/** The text of values.yaml. */
export function valuesText(schema: Schema): string {
  return (
    HEADER +
    propertiesOf(schema)
      .map((property) => `\n${textOf(property, 0)}`)
      .join("")
  );
}

/** The table of values in Markdown, one row for each, laid out as Prettier does. */
export function valuesTable(schema: Schema): string {
  const rows = valuesOf(schema).map(({ path, schema: { description = "", default: initial, enum: words } }) => {
    const choice = words === undefined ? "" : ` One of ${words.map((word) => `\`${word}\``).join(", ")}.`;
    const text = `${description}${choice}`.replaceAll("|", "\\|");
    return [`\`${path}\``, `\`${JSON.stringify(initial)}\``, text];
  });
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[], filler = " "): string =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width, filler)).join(" | ")} |`;
  return [line(["value", "default"]), line([], "-"), ...rows.map((row) => line(row))].join("\n");
}

/** Every value that has a default, depth first. @throws where a value has no description or no default */
export function valuesOf(schema: Schema, prefix = ""): readonly Value[] {
  return propertiesOf(schema).flatMap(([name, property]) => {
    const path = prefix + name;
    if (property.properties !== undefined && property.default === undefined) return valuesOf(property, `${path}.`);
    if (property.description === undefined || property.default === undefined) {
      throw new Error(`values.schema.json: ${path} needs a description and a default`);
    }
    return [{ path, schema: property }];
  });
}

function propertiesOf(schema: Schema): readonly (readonly [string, Schema])[] {
  return Object.entries(schema.properties ?? {}).filter(([name]) => name !== NOT_OURS);
}

function textOf([name, schema]: readonly [string, Schema], depth: number): string {
  const indent = "  ".repeat(depth);
  const comment = commentLines(schema, COMMENT_CHARS - indent.length).map((line) => `${indent}# ${line}\n`);
  if (schema.properties === undefined) {
    const text = dump({ [name]: schema.default }, { lineWidth: -1, quoteStyle: "double" }).trimEnd();
    return `${comment.join("")}${text.replaceAll(/^/gm, indent)}\n`;
  }
  const inner = propertiesOf(schema).map((property) => textOf(property, depth + 1));
  return `${comment.join("")}${indent}${name}:\n${inner.join("")}`;
}

function commentLines(schema: Schema, chars: number): readonly string[] {
  const choice = schema.enum === undefined ? "" : ` (${schema.enum.join(", ")})`;
  const words = `${schema.description ?? ""}${choice}`.split(" ").filter((word) => word !== "");
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > chars) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
