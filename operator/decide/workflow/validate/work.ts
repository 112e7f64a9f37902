/** What a task's TaskRun is made of: its template and what else it says, merged over taskDefaults. */
import { isObject, object } from "../../../api/decode.ts";
import { mergeTemplates } from "../../template.ts";
import { TemplateError, shallow } from "../../templateerror.ts";
import type { TaskSpec } from "../model.ts";
import { parseText, referencesIn, textOf } from "../references.ts";
import type { Entry } from "./definition.ts";
import type { WorkflowProblem } from "./findings.ts";
import type { Budget, DefaultsRead, Look } from "./look.ts";
import { deadlineProblems, objectNameProblem, retryProblems, templateProblems } from "./taskrun.ts";
import type { Retry } from "./taskrun.ts";
import { checkTexts } from "./texts.ts";
import { paramProblem, useProblem } from "./uses.ts";

/** What taskDefaults and a task both can say. */
type Work = Pick<
  TaskSpec,
  "template" | "podTemplateRef" | "retry" | "startDeadlineSeconds" | "attemptDeadlineSeconds" | "activeDeadlineSeconds"
>;

/** A reference of taskDefaults that is right for some tasks and wrong for others. */
type LocalReference = ReturnType<typeof referencesIn>["references"][number];

const DEFAULTS = "spec.taskDefaults";

/** taskDefaults by themselves, whatever tasks there are. */
export function checkDefaults(look: Look): void {
  const { findings, definition } = look;
  const defaults = definition.spec.taskDefaults;
  if (defaults === undefined) return;
  const { references, problems } = textsOfDefaults(look);
  for (const { path, problem } of problems) findings.report(path, problem);
  for (const { path, reference } of references) {
    const problem = reference.kind === "param" ? paramProblem(reference.name, definition) : undefined;
    if (problem !== undefined) findings.report(path, problem);
  }
  reportAll(look, [
    ...(defaults.template === undefined ? [] : templateProblems(defaults.template, `${DEFAULTS}.template`)),
    ...podTemplateRefProblems(defaults, DEFAULTS),
    ...(defaults.retry === undefined ? [] : retryProblems(defaults.retry, `${DEFAULTS}.retry`)),
    ...deadlineProblems(defaults, {}, DEFAULTS),
  ]);
}

/** A task with a pod of its own. */
export function checkWork(entry: Entry, look: Look): void {
  const { spec, path } = entry;
  if (spec.workflowRef !== undefined) return;
  const defaults: Work = look.definition.spec.taskDefaults ?? {};
  checkPodGiven(entry, defaults, look);
  if (spec.template !== undefined) {
    reportAll(look, templateProblems(spec.template, `${path}.template`));
    checkTexts(spec.template, `${path}.template`, entry, look);
  }
  if (spec.podTemplateRef !== undefined) {
    checkTexts(spec.podTemplateRef.name, `${path}.podTemplateRef.name`, entry, look);
    reportAll(look, podTemplateRefProblems(spec, path));
  }
  checkMerged(entry, defaults, look);
  if (spec.retry !== undefined) reportAll(look, mergedRetryProblems(spec.retry, defaults.retry ?? {}, `${path}.retry`));
  reportAll(look, deadlineProblems(spec, defaults, path));
}

function reportAll({ findings }: Look, problems: readonly WorkflowProblem[]): void {
  for (const { path, problem } of problems) findings.report(path, problem);
}

function checkPodGiven({ spec, path }: Entry, defaults: Work, { findings }: Look): void {
  if ((spec.podTemplateRef ?? defaults.podTemplateRef) !== undefined) return;
  const templates = [spec.template, defaults.template].filter((template) => template !== undefined);
  if (templates.length === 0) {
    const ways =
      "give the pod under template, or name a PodTemplate under podTemplateRef or a Workflow under workflowRef";
    findings.report(path, `has nothing to run; ${ways}`);
  } else if (templates.every((template) => !isObject(template["spec"]))) {
    const why = "without podTemplateRef the pod's spec must be given, with its containers, as in a Job";
    findings.report(`${spec.template === undefined ? DEFAULTS : path}.template.spec`, why);
  }
}

function podTemplateRefProblems({ podTemplateRef }: Work, path: string): readonly WorkflowProblem[] {
  if (podTemplateRef === undefined) return [];
  const parsed = parseText(podTemplateRef.name);
  // What a reference stands for is known when the task starts.
  const name = "pieces" in parsed && parsed.pieces.length === 1 ? parsed.pieces[0] : podTemplateRef.name;
  if ("problem" in parsed || parsed.pieces.length > 1 || typeof name !== "string") return [];
  const problem = objectNameProblem(name);
  return problem === undefined ? [] : [{ path: `${path}.podTemplateRef.name`, problem }];
}

/** Where the defaults' template applies: it can be merged with the task's own, and its references are right for this task. */
function checkMerged(entry: Entry, defaults: Work, look: Look): void {
  const { spec, path } = entry;
  if (look.definition.spec.taskDefaults === undefined) return;
  const { local, chars } = (look.defaults ??= readDefaults(look));
  if (spec.template !== undefined && !spend(look.budget, "mergedChars", chars)) return;
  const merged = mergedTemplate(spec.template, defaults.template);
  if (merged instanceof TemplateError) {
    const problem = `cannot be merged over taskDefaults.template: ${merged.message}`;
    return look.reportOnce(merged.message, { path: `${path}.template`, problem });
  }
  if (local.length === 0 || !spend(look.budget, "lookups", local.length)) return;
  const left = spec.template === undefined ? undefined : writtenIn(merged);
  for (const { path: at, reference } of local) {
    const ofName = at === `${DEFAULTS}.podTemplateRef.name`;
    const applies = ofName ? spec.podTemplateRef === undefined : (left?.has(textOf(reference)) ?? true);
    const problem = applies ? useProblem(reference, entry, look) : undefined;
    if (problem !== undefined)
      look.reportOnce(at, { path: at, problem: `not right for task "${spec.name}": ${problem}` });
  }
}

/** false: there is nothing left. */
function spend(budget: Budget, what: keyof Budget, amount: number): boolean {
  budget[what] -= amount;
  return budget[what] >= 0;
}

/** undefined: neither is given. */
function mergedTemplate(own: Work["template"], defaults: Work["template"]): unknown {
  if (own === undefined || defaults === undefined) return own ?? defaults;
  try {
    return mergeTemplates(defaults, own);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
}

function writtenIn(template: unknown): ReadonlySet<string> {
  return new Set(referencesIn(template, "").references.map(({ reference }) => textOf(reference)));
}

/** Once for all tasks. */
function readDefaults(look: Look): DefaultsRead {
  const template = look.definition.spec.taskDefaults?.template;
  const local = textsOfDefaults(look).references.filter(
    ({ reference }) => reference.kind !== "param" && (reference.kind !== "run" || reference.field === "status"),
  );
  // What is nested too deep is a problem already, and merged with nothing.
  const chars = shallow(template) ? JSON.stringify(template ?? "").length : Number.POSITIVE_INFINITY;
  return { local: firstOfEach(local), chars };
}

/** The first place of each, of the template and of the name apart. */
function firstOfEach(references: readonly LocalReference[]): readonly LocalReference[] {
  const key = ({ path, reference }: LocalReference): string =>
    `${path.startsWith(`${DEFAULTS}.podTemplateRef`) ? "name" : "template"} ${textOf(reference)}`;
  return [...new Map(references.toReversed().map((one) => [key(one), one])).values()].toReversed();
}

function textsOfDefaults({ definition }: Look): ReturnType<typeof referencesIn> {
  const { template, podTemplateRef } = definition.spec.taskDefaults ?? {};
  const texts = [
    referencesIn(template, `${DEFAULTS}.template`),
    referencesIn(podTemplateRef?.name, `${DEFAULTS}.podTemplateRef.name`),
  ];
  return {
    references: texts.flatMap(({ references }) => references),
    problems: texts.flatMap(({ problems }) => problems),
  };
}

/** Field by field, as the operator makes the TaskRun; only what the task itself has a part in. */
function mergedRetryProblems(own: Retry, defaults: Retry, path: string): readonly WorkflowProblem[] {
  const backoff = own.backoff === undefined ? {} : { backoff: { ...object(defaults.backoff), ...own.backoff } };
  return retryProblems({ ...backoff, ...(own.rules === undefined ? {} : { rules: own.rules }) }, path);
}
