/** What earlier attempts taught, put into the spec of the next pod: more memory, and nodes to keep away from. */
import type { PodShape } from "../../api/action.ts";
import { list, object, text } from "../../api/decode.ts";
import type { Json } from "../../api/decode.ts";
import { bytesOf, quantityOf } from "./quantity.ts";

export function shaped(spec: Json, { memory, avoid }: PodShape): Json {
  const roomy = memory === undefined ? spec : withMemory(spec, memory);
  return avoid === undefined ? roomy : avoiding(roomy, avoid);
}

/** The main container (named main, else the first) gets the limit if its own is lower, and its request grows in proportion. */
function withMemory(spec: Json, memory: string): Json {
  const containers = list(spec["containers"]);
  const named = containers.findIndex((one) => object(one)["name"] === "main");
  const main = Math.max(0, named);
  return { ...spec, containers: containers.map((one, index) => (index === main ? roomier(object(one), memory) : one)) };
}

function roomier(container: Json, memory: string): Json {
  const resources = object(container["resources"]);
  const [limits, requests] = [object(resources["limits"]), object(resources["requests"])];
  const [own, wanted] = [bytesIn(limits), bytesOf(memory) ?? 0];
  // Without a limit nothing bounds it, and the template may have been given more than we would.
  if (own === undefined || own >= wanted) return container;
  const asked = bytesIn(requests);
  const request = asked === undefined ? {} : { requests: { ...requests, memory: grownRequest(asked, wanted / own) } };
  return { ...container, resources: { ...resources, limits: { ...limits, memory }, ...request } };
}

function grownRequest(bytes: number, factor: number): string {
  return quantityOf(Math.ceil(bytes * factor));
}

function bytesIn(quantities: Json): number | undefined {
  const quantity = text(quantities["memory"]);
  return quantity === undefined ? undefined : bytesOf(quantity);
}

/**
 * Node affinity by metadata.name. Required terms are alternatives (core/v1 NodeSelector), so each of the template's own gets the
 * condition; an empty list of them would match no node, as the API says, and stays as it is.
 */
function avoiding(spec: Json, { how, names }: NonNullable<PodShape["avoid"]>): Json {
  // The API takes one name for each field requirement; requirements of one term must all hold.
  const matchFields = names.map((name) => ({ key: "metadata.name", operator: "NotIn", values: [name] }));
  const affinity = object(spec["affinity"]);
  const nodes = object(affinity["nodeAffinity"]);
  return {
    ...spec,
    affinity: {
      ...affinity,
      nodeAffinity: { ...nodes, ...(how === "Require" ? required(nodes, matchFields) : preferred(nodes, matchFields)) },
    },
  };
}

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";
/** Above any wish of a template, whose weights go up to 100 as well. */
const WEIGHT = 100;

function required(nodes: Json, matchFields: readonly Json[]): Json {
  const selector = object(nodes[REQUIRED]);
  const terms = selector["nodeSelectorTerms"];
  const own = terms === undefined ? [{}] : list(terms).map(object);
  const both = own.map((term) => ({ ...term, matchFields: [...list(term["matchFields"]), ...matchFields] }));
  return { [REQUIRED]: { ...selector, nodeSelectorTerms: both } };
}

function preferred(nodes: Json, matchFields: readonly Json[]): Json {
  return { [PREFERRED]: [...list(nodes[PREFERRED]), { weight: WEIGHT, preference: { matchFields } }] };
}
