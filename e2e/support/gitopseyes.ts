/** How Argo CD and Flux see objects, by the program of e2e/tools/gitops and the scripts that users apply. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { join } from "node:path";
import { load } from "js-yaml";
import { toolPath } from "../tools/tools.ts";

const CONFIG_MAP = join(import.meta.dirname, "../../manifests/argocd/argocd-cm.yaml");

/** Any of ours, as the API server gives it. */
export interface Seen {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: { readonly name: string };
}

export interface Health {
  readonly status: string;
  readonly message: string;
}

export interface OfferedAction {
  readonly name: string;
  readonly disabled: boolean;
  readonly displayName?: string;
}

export interface Effect {
  readonly operation: "create" | "patch";
  /** The new object, or a merge patch. */
  readonly body: object | null;
}

/** spec.healthCheckExprs of a Flux Kustomization. */
export interface Expressions {
  readonly current: string;
  readonly inProgress?: string;
  readonly failed?: string;
}

interface Answer {
  readonly status?: string;
  readonly message?: string;
  readonly actions?: readonly OfferedAction[];
  readonly effects?: readonly Effect[];
  readonly error?: string;
}

interface ActionScripts {
  readonly "discovery.lua": string;
  readonly definitions: readonly { readonly name: string; readonly "action.lua": string }[];
}

/** Argo CD's view: health, and what can be done. */
export async function healthOf(...objects: readonly Seen[]): Promise<readonly Health[]> {
  const answers = await ask(objects.map((object) => ({ do: "health", lua: customization("health", object), object })));
  return answers.map(({ status = "", message = "" }) => ({ status, message }));
}

/** The actions that may be used now, and those that are shown and may not. */
export async function actionsOf(object: Seen): Promise<{ readonly enabled: string; readonly disabled: string }> {
  const [answer] = await ask([{ do: "discovery", lua: scriptsOf(object)["discovery.lua"], object }]);
  const names = (disabled: boolean): string =>
    (answer?.actions ?? []).flatMap((one) => (one.disabled === disabled ? [one.name] : [])).join(" ");
  return { enabled: names(false), disabled: names(true) };
}

/** What Argo CD does to the cluster by that action. */
export async function effectsOf(object: Seen, action: string): Promise<readonly Effect[]> {
  const script = scriptsOf(object).definitions.find(({ name }) => name === action);
  if (script === undefined) throw new Error(`${object.kind ?? "?"} has no action ${action}`);
  const [answer] = await ask([{ do: "action", lua: script["action.lua"], object }]);
  return answer?.effects ?? [];
}

/** Flux's view: InProgress, Current, Failed, Terminating. */
export async function kstatusOf(...objects: readonly Seen[]): Promise<readonly Health[]> {
  const answers = await ask(objects.map((object) => ({ do: "kstatus", object })));
  return answers.map(({ status = "", message = "" }) => ({ status, message }));
}

/** Flux's view with healthCheckExprs. */
export async function byExpressions(exprs: Expressions, ...objects: readonly Seen[]): Promise<readonly string[]> {
  const answers = await ask(objects.map((object) => ({ do: "cel", exprs, object })));
  return answers.map(({ status = "" }) => status);
}

function scriptsOf(object: Seen): ActionScripts {
  return load(customization("actions", object)) as ActionScripts;
}

function customization(what: "health" | "actions", { apiVersion = "", kind = "" }: Seen): string {
  const { data } = load(readFileSync(CONFIG_MAP, "utf8")) as { readonly data: Readonly<Record<string, string>> };
  const key = `resource.customizations.${what}.${apiVersion.split("/")[0] ?? ""}_${kind}`;
  const found = data[key];
  if (found === undefined) throw new Error(`argocd-cm.yaml has no ${key}`);
  return found;
}

async function ask(requests: readonly object[]): Promise<readonly Answer[]> {
  const child = spawn(await toolPath("gitops"), { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(requests.map((one) => `${JSON.stringify(one)}\n`).join(""));
  const lines = (await text(child.stdout)).trimEnd().split("\n");
  if (lines.length !== requests.length) throw new Error(`${requests.length} questions, ${lines.length} answers`);
  return lines.map((line) => {
    const answer = JSON.parse(line) as Answer;
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  });
}
