/** Label selectors, and the one field selector, as far as anybody here asks for them. */
import type { Stored } from "../objects.ts";

export type Selector = (object: Stored) => boolean;

type Requirement = (labels: Readonly<Record<string, string>>) => boolean;

/** The selector of a query; undefined if this server does not understand it. */
export function selectorOf(query: Readonly<Record<string, string>>): Selector | undefined {
  const fields = query["fieldSelector"] ?? "";
  const byLabel = labelSelectorOf(query["labelSelector"] ?? "");
  if (fields === "" || byLabel === undefined) return byLabel;
  const name = /^metadata\.name==?([a-z0-9.-]+)$/.exec(fields)?.[1];
  return name === undefined ? undefined : (object) => object.metadata.name === name && byLabel(object);
}

function labelSelectorOf(text: string): Selector | undefined {
  if (text === "") return () => true;
  const requirements = text.split(",").map(requirementOf);
  const known = requirements.filter((requirement) => requirement !== undefined);
  if (known.length < requirements.length) return undefined;
  return (object) => known.every((requirement) => requirement(object.metadata.labels ?? {}));
}

function requirementOf(text: string): Requirement | undefined {
  const match = /^(!?)([A-Za-z0-9./_-]+)(?:(==|=|!=)([A-Za-z0-9._-]*))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, not = "", key = "", operator, value = ""] = match;
  if (operator === undefined) return (labels) => Object.hasOwn(labels, key) === (not === "");
  if (not !== "") return undefined;
  return (labels) => (Object.hasOwn(labels, key) && labels[key] === value) === (operator !== "!=");
}
