/** References and conditions, as far as the simulator's workflows use them: written once more, from the contract. */
import { isRecord } from "../objects.ts";

/** What texts may refer to. */
export interface Values {
  readonly params: Readonly<Record<string, string>>;
  /** The word for the state of a task. */
  readonly status: (task: string) => string;
  /** undefined: there is no such value. */
  readonly result: (task: string, result: string) => string | undefined;
  /** run.name and the like. */
  readonly run: Readonly<Record<string, string>>;
  /** What all tasks came to; only tasks of finally may ask. */
  readonly runStatus: (() => string) | undefined;
  readonly item?: unknown;
  readonly index?: number;
}

const REFERENCE = /(\$)?\$\(((?:params|tasks|run|item)\.[^)]*|item|index)\)/g;

/** The text with every reference replaced once; undefined if one has no value. */
export function inputText(text: string, values: Values): string | undefined {
  let lacks = false;
  const replaced = text.replace(REFERENCE, (whole, escape: string | undefined, path: string) => {
    if (escape !== undefined) return whole.slice(1);
    const value = valueOf(path, values);
    if (value === undefined) lacks = true;
    return value ?? "";
  });
  return lacks ? undefined : replaced;
}

function valueOf(path: string, values: Values): string | undefined {
  if (path === "index") return values.index === undefined ? undefined : String(values.index);
  if (path === "item") return asText(values.item);
  const [root = "", first = "", kind, name = ""] = path.split(".");
  switch (root) {
    case "params":
      return values.params[first];
    case "item":
      return isRecord(values.item) ? asText(values.item[first]) : undefined;
    case "tasks":
      return kind === "status" ? values.status(first) : values.result(first, name);
    default:
      return first === "status" ? values.runStatus?.() : values.run[first];
  }
}

function asText(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** One comparison: what the simulator's workflows ask. */
const COMPARISON = /^(params|tasks|run)\.([\w]+)(?:\.(status|results)(?:\.([\w]+))?)? (==|!=) "([^"]*)"$/;

/** Whether a `when` holds; undefined: it cannot be evaluated. */
export function conditionHolds(when: string, values: Values): boolean | undefined {
  const match = COMPARISON.exec(when);
  if (match === null) throw new Error(`the simulator cannot read the condition ${when}`);
  const [, root, first, kind, result, operator, want] = match;
  const path = [root, first, kind, result].filter((part) => part !== undefined).join(".");
  const value = valueOf(path, values);
  return value === undefined ? undefined : (value === want) === (operator === "==");
}
