/**
 * The rules in CEL of the files under crds/. Where a rule stands, what it says and which field it names is read from there; what
 * it means is written here once more. A rule this page does not know is an error, so that the two stay in step.
 */
import { isDeepStrictEqual } from "node:util";
import { isRecord } from "../objects.ts";
import type { Cause } from "./failure.ts";
import type { Rule, Schema } from "./schema.ts";

type Fields = Readonly<Record<string, unknown>>;
type Holds = (self: Fields, before: Fields) => boolean;

const MATCHES = /^self\.matches\('(?<pattern>[^']*)'\)$/;
const BYTES_OF_UNIT: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

const has = (holder: unknown, field: string): boolean => isRecord(holder) && holder[field] !== undefined;
/** Both are numbers wherever they are given: the schema has been checked before. */
const atMost = (self: Fields, less: string, more: string): boolean =>
  !has(self, less) || !has(self, more) || Number(self[less]) <= Number(self[more]);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const count = (self: Fields, ...fields: readonly string[]): number => fields.filter((field) => has(self, field)).length;
const ms = (time: unknown): number => Date.parse(String(time));

const RULES: Readonly<Record<string, Holds>> = {
  "self.metadata.name.size() <= 63": ({ metadata }) => isRecord(metadata) && String(metadata["name"]).length <= 63,
  "self.workflowRef == oldSelf.workflowRef": (self, before) =>
    isDeepStrictEqual(self["workflowRef"], before["workflowRef"]),
  "(has(self.params) ? self.params : {}) == (has(oldSelf.params) ? oldSelf.params : {})": (self, before) =>
    isDeepStrictEqual(self["params"] ?? {}, before["params"] ?? {}),
  "has(self.dataInterval) == has(oldSelf.dataInterval) && (!has(self.dataInterval) || self.dataInterval == oldSelf.dataInterval)":
    ({ dataInterval: is }, { dataInterval: was }) =>
      is === undefined || was === undefined
        ? is === was
        : isRecord(is) && isRecord(was) && ms(is["start"]) === ms(was["start"]) && ms(is["end"]) === ms(was["end"]),
  "self.start <= self.end": ({ start, end }) => ms(start) <= ms(end),
  "(has(self.scope) && self.scope != 'Failed') == (has(self.tasks) && self.tasks.size() > 0)": (self) =>
    ((self["scope"] ?? "Failed") !== "Failed") === list(self["tasks"]).length > 0,
  "(has(self.matrix) ? 1 : 0) + (has(self.range) ? 1 : 0) + (has(self.result) ? 1 : 0) <= 1": (self) =>
    count(self, "matrix", "range", "result") <= 1,
  "has(self.template) || has(self.podTemplateRef)": (self) => has(self, "template") || has(self, "podTemplateRef"),
  "!has(self.template) || has(self.template.spec) || has(self.podTemplateRef)": (self) =>
    !has(self, "template") || has(self["template"], "spec") || has(self, "podTemplateRef"),
  "!has(self.startDeadlineSeconds) || !has(self.attemptDeadlineSeconds) || self.startDeadlineSeconds <= self.attemptDeadlineSeconds":
    (self) => atMost(self, "startDeadlineSeconds", "attemptDeadlineSeconds"),
  "!has(self.startDeadlineSeconds) || !has(self.activeDeadlineSeconds) || self.startDeadlineSeconds <= self.activeDeadlineSeconds":
    (self) => atMost(self, "startDeadlineSeconds", "activeDeadlineSeconds"),
  "!has(self.attemptDeadlineSeconds) || !has(self.activeDeadlineSeconds) || self.attemptDeadlineSeconds <= self.activeDeadlineSeconds":
    (self) => atMost(self, "attemptDeadlineSeconds", "activeDeadlineSeconds"),
  "(has(self.managedBy) ? self.managedBy : '') == (has(oldSelf.managedBy) ? oldSelf.managedBy : '')": (self, before) =>
    (self["managedBy"] ?? "") === (before["managedBy"] ?? ""),
  "!(has(oldSelf.cancel) && oldSelf.cancel) || (has(self.cancel) && self.cancel)": (self, before) =>
    before["cancel"] !== true || self["cancel"] === true,
  "!has(self.restartPolicy) || self.restartPolicy == 'Never'": ({ restartPolicy: policy = "Never" }) =>
    policy === "Never",
  "!has(self.restartPolicy) || self.restartPolicy in ['Always', 'Never']": ({ restartPolicy: policy = "Never" }) =>
    policy === "Always" || policy === "Never",
  "!has(self.restartPolicyRules) || size(self.restartPolicyRules) == 0": (self) =>
    list(self["restartPolicyRules"]).length === 0,
  "!has(self.initialSeconds) || !has(self.maxSeconds) || self.maxSeconds >= self.initialSeconds": (self) =>
    atMost(self, "initialSeconds", "maxSeconds"),
  "!has(self.initialSeconds) || has(self.maxSeconds) || self.initialSeconds <= 300": (self) =>
    has(self, "maxSeconds") || Number(self["initialSeconds"] ?? 0) <= 300,
  "has(self.initialSeconds) || !has(self.maxSeconds) || self.maxSeconds >= 10": (self) =>
    has(self, "initialSeconds") || Number(self["maxSeconds"] ?? 10) >= 10,
  "has(self.exitCodes) || has(self.reasons)": (self) => has(self, "exitCodes") || has(self, "reasons"),
  "!(has(self.exitCodes) && has(self.reasons))": (self) => !(has(self, "exitCodes") && has(self, "reasons")),
  "!has(self.memory) || self.action == 'Retry'": (self) => !has(self, "memory") || self["action"] === "Retry",
  "!has(self.memory) || (has(self.reasons) && self.reasons.exists(r, r == 'OOMKilled'))": (self) =>
    !has(self, "memory") || list(self["reasons"]).includes("OOMKilled"),
};

const TEXT_RULES: Readonly<Record<string, (self: string) => boolean>> = {
  "!isQuantity(self) || self.startsWith('-') || !quantity(self).isLessThan(quantity('1M'))": (self) => {
    const parts = /^(?<amount>[0-9]+(?:\.[0-9]+)?)(?<unit>[kMGTP]i?|Ki|)$/.exec(self)?.groups ?? {};
    const unit = BYTES_OF_UNIT[parts["unit"] ?? ""];
    return parts["amount"] === undefined || unit === undefined || Number(parts["amount"]) * unit >= 1e6;
  },
};

/** The rules the value breaks. Those about a change hold for a new object. */
export function ruleProblems(schema: Schema, value: unknown, before: unknown, path = ""): readonly Cause[] {
  const broken = (schema["x-kubernetes-validations"] ?? [])
    .filter((rule) => !(rule.rule.includes("oldSelf") && before === undefined) && !holds(rule.rule, value, before))
    .map((rule) => causeOf(rule, path));
  return [...broken, ...below(schema, value, before, path)];
}

/** The rules of the schema that this page does not know. */
export function unknownRules(schema: Schema): readonly string[] {
  const here = (schema["x-kubernetes-validations"] ?? []).map(({ rule }) => rule);
  const { items, additionalProperties, properties = {} } = schema;
  const inside = [items, additionalProperties, ...Object.values(properties)].filter((one) => one !== undefined);
  return [...here.filter((rule) => !isKnown(rule)), ...inside.flatMap(unknownRules)];
}

function isKnown(rule: string): boolean {
  return MATCHES.test(rule) || Object.hasOwn(TEXT_RULES, rule) || Object.hasOwn(RULES, rule);
}

/** Items of a list have no former selves: none of our rules about changes stands in a list. */
function below(schema: Schema, value: unknown, before: unknown, path: string): readonly Cause[] {
  const { items, properties = {} } = schema;
  if (Array.isArray(value)) {
    return items === undefined ? [] : value.flatMap((item, i) => ruleProblems(items, item, undefined, `${path}[${i}]`));
  }
  if (!isRecord(value)) return [];
  const old = isRecord(before) ? before : {};
  return Object.entries(properties)
    .filter(([name]) => value[name] !== undefined && value[name] !== null)
    .flatMap(([name, one]) => ruleProblems(one, value[name], old[name], path === "" ? name : `${path}.${name}`));
}

function holds(rule: string, value: unknown, before: unknown): boolean {
  if (typeof value === "string") {
    const pattern = MATCHES.exec(rule)?.groups?.["pattern"];
    const known =
      pattern === undefined ? TEXT_RULES[rule] : (text: string): boolean => new RegExp(pattern, "u").test(text);
    if (known !== undefined) return known(value);
  }
  const known = RULES[rule];
  if (known === undefined) throw new Error(`the simulated API server does not know the rule ${rule}`);
  return known(isRecord(value) ? value : {}, isRecord(before) ? before : {});
}

function causeOf({ message, fieldPath = "", reason = "FieldValueInvalid" }: Rule, path: string): Cause {
  const word = { FieldValueRequired: "Required value", FieldValueForbidden: "Forbidden" }[reason] ?? "Invalid value";
  // The server names a field from the root, without a leading dot.
  return { reason, field: (path + fieldPath).replace(/^\./, ""), message: `${word}: ${message}` };
}
