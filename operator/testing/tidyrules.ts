/**
 * What `tidy` holds the tree to: who may import whom, lengths, names, and that the core reaches the world through its port
 * only. Each rule is a function from text to what is wrong with it, so that each can be shown to find something.
 */
import { posix } from "node:path";
import { bare } from "./barecode.ts";

/** A file of the tree; `path` from the root, with slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** What each room of the operator may import. Siblings never import each other; only main.ts composes. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  api: ["api"],
  watch: ["api", "watch"],
  queue: ["api", "queue"],
  decide: ["api", "decide"],
  act: ["api", "act"],
  lead: ["api", "lead"],
  controller: ["api", "watch", "queue", "decide", "act", "controller"],
  port: ["api", "port"],
  serve: ["api", "serve"],
  config: ["api", "decide", "port", "serve", "config"],
  "bundle.ts": [],
  "version.ts": [],
  "lifecycle.ts": ["api", "controller", "port", "lead"],
  "main.ts": ["api", "controller", "lead", "port", "serve", "config", "lifecycle.ts", "version.ts"],
};
/** The one package of the core: pure computation, and all of it behind one file. */
const CORE_PACKAGES: ReadonlyMap<string, string> = new Map([
  ["operator/decide/workflow/cel/library.ts", "@bufbuild/cel"],
]);
const CORE: ReadonlySet<string> = new Set(["api", "watch", "queue", "decide", "act", "controller", "lead"]);

/** Outside the port there is no time, chance or network for the core. */
const WORLD: readonly (readonly [string, RegExp])[] = [
  ["Date.now", /\bDate\s*\.\s*now\b/],
  ["the current date", /\bnew\s+Date\b(?!\s*\(\s*[^)\s])/],
  ["Date() as text", /(?<!new\s+)\bDate\s*\(/],
  ["Math.random", /\bMath\s*\.\s*random\b/],
  ["timers", /\b(setTimeout|setInterval|setImmediate|queueMicrotask|nextTick)\b/],
  ["performance", /(?<![.\w])performance\b/],
  ["process", /(?<![.\w])process\b(?!\s*:)/],
  ["fetch", /(?<![.\w])fetch\s*\(/],
  ["console", /(?<![.\w])console\b/],
  ["crypto", /(?<![.\w])crypto\b/],
  ["globalThis", /\bglobalThis\b/],
  ["AbortSignal.timeout", /\bAbortSignal\s*\.\s*timeout\b/],
  ["import()", /\bimport\s*\(/],
  ["require", /\brequire\s*\(/],
];
const PROMISES = /\b(async|await|Promise)\b/;

export const BANNED_NAMES: ReadonlySet<string> = new Set([
  "utils",
  "util",
  "helpers",
  "helper",
  "common",
  "manager",
  "lib",
]);
export const FILE_LINES_MAX = 500;
export const LINE_CHARS_MAX = 160;

export function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || path.startsWith("operator/testing/");
}

/** The room of a file of the operator: its folder, or its own name right under operator/. */
export function roomOf(path: string): string | undefined {
  const [top, room] = path.split("/");
  return top === "operator" ? room : undefined;
}

/** Imports of product code that go where they may not. */
export function importProblems(source: Source): readonly string[] {
  const room = roomOf(source.path);
  if (room === undefined || isTest(source.path)) return [];
  const allowed = MAY_IMPORT[room];
  if (allowed === undefined) return [`${source.path}: tidy does not know the room ${room}`];
  return importsOf(source).flatMap(({ specifier, target }) => {
    if (target === undefined) {
      if (!CORE.has(room) || CORE_PACKAGES.get(source.path) === specifier) return [];
      return [`${source.path}: the core imports no package, but ${specifier}`];
    }
    const other = roomOf(target);
    if (other === undefined)
      return target === "package.json" && room === "version.ts" ? [] : [`${source.path}: imports ${target}`];
    return allowed.includes(other) ? [] : [`${source.path}: ${room} may not import ${other}`];
  });
}

/** Product code that leans on tests. */
export function testImports(source: Source): readonly string[] {
  if (isTest(source.path) || source.path.startsWith("e2e/")) return [];
  const targets = importsOf(source).map(({ target }) => target ?? "");
  return targets.filter(isTest).map((target) => `${source.path}: imports the test file ${target}`);
}

/** Every way round, as the paths of its files. */
export function importCycles(sources: readonly Source[]): readonly string[] {
  const edges = new Map(sources.map((source) => [source.path, importsOf(source).map(({ target }) => target ?? "")]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) cycles.push([...trail.slice(seenAt), path].join(" -> "));
    if (seenAt >= 0 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
}

/** Time, chance and network in the core, and promises where decisions are made. */
export function worldProblems(source: Source): readonly string[] {
  const room = roomOf(source.path) ?? "";
  if (!CORE.has(room) || isTest(source.path)) return [];
  const code = bare(source.text);
  const world = WORLD.filter(([, pattern]) => pattern.test(code)).map(([name]) => `${source.path}: uses ${name}`);
  const promises = room === "decide" && PROMISES.test(code) ? [`${source.path}: a decision waits for nothing`] : [];
  return [...world, ...promises];
}

export function nameProblems(path: string): readonly string[] {
  const vague = path.split("/").find((part) => BANNED_NAMES.has((part.split(".")[0] ?? "").toLowerCase()));
  return vague === undefined ? [] : [`${path}: "${vague}" says nothing about what is in it`];
}

export function lengthProblems({ path, text }: Source): readonly string[] {
  if (path.endsWith("types.ts") && text.startsWith("/** Generated")) return [];
  const lines = text.trimEnd().split("\n");
  const long = lines.flatMap((line, index) =>
    line.length > LINE_CHARS_MAX ? [`${path}:${index + 1}: ${line.length} characters`] : [],
  );
  return lines.length > FILE_LINES_MAX && !path.endsWith(".yaml") ? [`${path}: ${lines.length} lines`, ...long] : long;
}

interface Import {
  readonly specifier: string;
  /** The path from the root; undefined for a package. */
  readonly target: string | undefined;
}

export function importsOf({ path, text }: Source): readonly Import[] {
  const code = bare(text);
  const places = code.matchAll(/\b(?:from|import)\s*\(?\s*(["'])( *)\1/g);
  return [...places].map((place) => {
    const end = place.index + place[0].length - 1;
    const specifier = text.slice(end - (place[2] ?? "").length, end);
    const local = specifier.startsWith(".");
    return { specifier, target: local ? posix.normalize(posix.join(posix.dirname(path), specifier)) : undefined };
  });
}

/** Links of a Markdown page that lead nowhere in the tree. */
export function linkProblems({ path, text }: Source, exists: (path: string) => boolean): readonly string[] {
  const anchors = new Set([...text.matchAll(/^#+\s+(.*)$/gm)].map((match) => anchorOf(match[1] ?? "")));
  const links = [...text.replace(/```[\s\S]*?```/g, "").matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
  return links.flatMap((link) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [file = "", anchor] = link.split("#");
    const target = posix.normalize(posix.join(posix.dirname(path), file));
    const leads = file === "" ? anchors.has(anchor ?? "") : exists(target.replace(/\/$/, ""));
    return leads ? [] : [`${path}: the link ${link} leads nowhere`];
  });
}

/** As GitHub names headings. */
function anchorOf(heading: string): string {
  const plain = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "");
  return plain.trim().replace(/\s/g, "-");
}
