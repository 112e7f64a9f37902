/** The tree keeps its own rules. Every rule is also shown a bad example, so that a rule that finds nothing would be noticed. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, matchesGlob } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import vitestConfig from "../../vitest.config.ts";
import { bare } from "./barecode.ts";
import {
  importCycles,
  importProblems,
  importsOf,
  lengthProblems,
  linkProblems,
  nameProblems,
  testImports,
  worldProblems,
} from "./tidyrules.ts";
import type { Source } from "./tidyrules.ts";

interface TestFiles {
  readonly include: readonly string[];
  readonly exclude?: readonly string[];
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Nothing a person writes by hand is larger. */
const FILE_BYTES_MAX = 128 * 1024;
const MADE_BY_TOOLS: ReadonlySet<string> = new Set([
  "package-lock.json",
  "e2e/cluster/kube/go.sum",
  "e2e/tools/gitops/go.sum",
  "manifests/install.yaml",
]);

const paths = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" })
  .split("\0")
  .filter((path) => path !== "" && existsSync(join(ROOT, path)));
const sources: readonly Source[] = paths.map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
const code = sources.filter(({ path }) => path.endsWith(".ts"));
/** Of files that others guard, each within its bounds. */
const GENERATED = "manifests/install.yaml";
const written = sources.filter(({ path }) => /\.(ts|go|ya?ml|sh)$/.test(path) && path !== GENERATED);

describe("the tree", () => {
  it("is there", () => {
    expect(code.length).toBeGreaterThan(50);
  });

  it("imports only in the directions of the architecture", () => {
    expect(code.flatMap(importProblems)).toEqual([]);
  });

  it("has no product code that imports tests", () => {
    expect(code.flatMap(testImports)).toEqual([]);
  });

  it("has no import cycles", () => {
    expect(importCycles(code)).toEqual([]);
  });

  it("reaches time, chance and network in the core through the port only", () => {
    expect(code.flatMap(worldProblems)).toEqual([]);
  });

  it("has no test file that no project, or more than one, runs", () => {
    const projects = (vitestConfig.test?.projects ?? []) as readonly { readonly test: TestFiles }[];
    const runs = (path: string, { include, exclude = [] }: TestFiles): boolean =>
      include.some((glob) => matchesGlob(path, glob)) && !exclude.some((glob) => matchesGlob(path, glob));
    const tests = paths.filter((path) => path.endsWith(".test.ts"));

    expect(tests.filter((path) => projects.filter(({ test }) => runs(path, test)).length !== 1)).toEqual([]);
  });

  it("has no vague names", () => {
    expect(paths.flatMap(nameProblems)).toEqual([]);
  });

  it("has no file over 500 lines and no line over 160 characters", () => {
    expect(written.flatMap(lengthProblems)).toEqual([]);
  });

  it("has no large and no binary file", () => {
    const large = paths.filter((path) => !MADE_BY_TOOLS.has(path) && statSync(join(ROOT, path)).size > FILE_BYTES_MAX);
    const binary = sources.filter(({ text }) => text.includes("\0") || text.includes("\uFFFD"));

    expect([...large, ...binary.map(({ path }) => path)]).toEqual([]);
  });

  const pagesToRead = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    ...paths.filter((path) => /^docs\/.*\.md$/.test(path)),
  ];
  it.each(pagesToRead)("has only links in %s that lead somewhere", (path) => {
    const pages = sources.filter((source) => source.path === path);

    expect(pages.flatMap((page) => linkProblems(page, (target) => existsSync(join(ROOT, target))))).toEqual([]);
  });
});

describe("functions", () => {
  const folder = mkdtempSync(join(tmpdir(), "stint-tidy-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const config = join(folder, "oxlint.json");
  const rules = {
    "max-lines-per-function": ["error", { max: 60, skipBlankLines: false, skipComments: false }],
    "max-params": ["error", { max: 4 }],
  };
  writeFileSync(config, JSON.stringify({ plugins: [], categories: { correctness: "off" }, rules }));

  /** The linter's own parser counts, so that no oddity of the language escapes. */
  function tooLong(...where: readonly string[]): readonly string[] {
    const oxlint = join(ROOT, "node_modules/oxlint/bin/oxlint");
    const ignore = ["--ignore-pattern", "**/*.test.ts"];
    const args = [oxlint, "-c", config, "--format", "json", ...ignore, ...where];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
    if (!stdout.startsWith("{")) throw new Error(`the linter did not run: ${stdout}${stderr}`);
    const found = JSON.parse(stdout) as { diagnostics: readonly { filename: string; message: string }[] };
    return found.diagnostics.map(({ filename, message }) => `${filename}: ${message}`);
  }

  it("have at most 60 lines and 4 parameters", () => {
    expect(tooLong("operator", "crds", "manifests", "e2e", "bench", "image")).toEqual([]);
  });

  it("that are longer, or take more, are found", () => {
    const file = join(folder, "long.ts");
    const body = "  console.log();\n".repeat(60);
    writeFileSync(
      file,
      `export function long(): void {\n${body}}\nexport const many = (a, b, c, d, e) => [a, b, c, d, e];\n`,
    );

    expect(tooLong(file)).toHaveLength(2);
  });
});

const at = (path: string, text: string): Source => ({ path, text });

describe("the rules find", () => {
  it.each([
    ["operator/api/a.ts", 'import { x } from "../watch/store.ts";', "api may not import watch"],
    ["operator/decide/a.ts", 'import type { x } from "../watch/store.ts";', "decide may not import watch"],
    ["operator/decide/taskrun/a.ts", 'export * from "../../act/apply.ts";', "decide may not import act"],
    ["operator/queue/a.ts", 'import { x } from "../watch/store.ts";', "queue may not import watch"],
    ["operator/watch/a.ts", 'import {\n  x,\n} from "../queue/route.ts";', "watch may not import queue"],
    ["operator/act/a.ts", 'import { x } from "../controller/core.ts";', "act may not import controller"],
    ["operator/controller/a.ts", 'import { x } from "../port/http.ts";', "controller may not import port"],
    ["operator/port/a.ts", 'import { x } from "../serve/log.ts";', "port may not import serve"],
    ["operator/serve/a.ts", 'import { x } from "../controller/core.ts";', "serve may not import controller"],
    ["operator/lifecycle.ts", 'import { x } from "./config/config.ts";', "lifecycle.ts may not import config"],
    ["operator/watch/a.ts", 'import fs from "node:fs";', "the core imports no package, but node:fs"],
    ["operator/act/a.ts", 'const x = await import("undici");', "the core imports no package, but undici"],
    [
      "operator/decide/a.ts",
      'import { parse } from "@bufbuild/cel";',
      "the core imports no package, but @bufbuild/cel",
    ],
    [
      "operator/decide/workflow/cel/library.ts",
      'import { parse } from "@bufbuild/cel"; import { create } from "@bufbuild/protobuf";',
      "the core imports no package, but @bufbuild/protobuf",
    ],
    ["operator/api/a.ts", 'import x from "../../package.json";', "imports package.json"],
    ["operator/shared/a.ts", "", "tidy does not know the room shared"],
  ])("in %s: %s", (path, text, want) => {
    expect(importProblems(at(path, text))).toEqual([`${path}: ${want}`]);
  });

  it("product code that imports tests", () => {
    expect(testImports(at("operator/act/a.ts", 'import { x } from "../testing/make.ts";'))).toHaveLength(1);
    expect(testImports(at("operator/act/a.test.ts", 'import { x } from "../testing/make.ts";'))).toEqual([]);
  });

  it("cycles, however long", () => {
    const ring = ["a", "b", "c"].map((name, index, all) =>
      at(`operator/act/${name}.ts`, `import { x } from "./${all[(index + 1) % 3]}.ts";`),
    );

    expect(importCycles(ring)).toEqual([
      "operator/act/a.ts -> operator/act/b.ts -> operator/act/c.ts -> operator/act/a.ts",
    ]);
    expect(importCycles(ring.slice(1))).toEqual([]);
  });

  it.each([
    "Date.now()",
    "new Date()",
    "new Date",
    "Date()",
    "Math.random()",
    "setTimeout(f, 1)",
    "setInterval(f)",
    "setImmediate(f)",
    "queueMicrotask(f)",
    "process.env",
    "await fetch(url)",
    "console.log()",
    "crypto.randomUUID()",
    "globalThis.x",
    "AbortSignal.timeout(5)",
    "performance.now()",
    "`text ${Date.now()} text`",
    "/'/.test(x) && Date.now()",
  ])("the world in the core: %s", (text) => {
    expect(worldProblems(at("operator/act/a.ts", `const x = ${text};`))).toHaveLength(1);
    expect(worldProblems(at("operator/port/a.ts", `const x = ${text};`))).toEqual([]);
  });

  it.each(["async function f() {}", "await x;", "Promise.all([])"])("waiting in a decision: %s", (text) => {
    expect(worldProblems(at("operator/decide/a.ts", text))).toHaveLength(1);
  });

  it.each([
    "// Date.now() and process.env",
    "/* await */",
    '"console.log"',
    "`setTimeout ${1} process`",
    "/fetch(x)/.test(y)",
    "new Date(ms)",
    "clock.now()",
    "this.process",
    "await this.fetch(x)",
  ])("nothing in: %s", (text) => {
    expect(worldProblems(at("operator/act/a.ts", text))).toEqual([]);
  });

  it.each([
    "operator/utils/a.ts",
    "operator/act/helpers.ts",
    "e2e/common/a.ts",
    "operator/manager.test.ts",
    "lib/a.ts",
  ])("the vague name in %s", (path) => {
    expect(nameProblems(path)).toHaveLength(1);
  });

  it("long files and long lines", () => {
    expect(lengthProblems(at("a.ts", "x\n".repeat(501)))).toEqual(["a.ts: 501 lines"]);
    expect(lengthProblems(at("a.ts", `\n${"x".repeat(161)}\n`))).toEqual(["a.ts:2: 161 characters"]);
    expect(lengthProblems(at("a.ts", "x\n".repeat(500)))).toEqual([]);
  });

  it("links that lead nowhere", () => {
    const page = at("README.md", "# One two\n[a](#one-two) [b](docs/b.md) [c](https://c.dev) [d](#lost) [e](crds/)\n");

    expect(linkProblems(page, (target) => target === "crds")).toEqual([
      "README.md: the link docs/b.md leads nowhere",
      "README.md: the link #lost leads nowhere",
    ]);
  });
});

describe("the scanner", () => {
  it("keeps every place, and all code but what is quoted", () => {
    const text = 'const a = "x" + `y${`z${b}`}w` /* c */ + /[/"]\\//.source; // d\nreturn e / f / g;';
    const want = `const a = " " + \` \${\` \${b}\`} \`${" ".repeat(9)}+${" ".repeat(9)}.source;     \nreturn e / f / g;`;

    expect(bare(text)).toBe(want);
  });

  it("reads every kind of import, and none that is only quoted", () => {
    const text = `import a from "./a.ts"; import "./b.ts"; export { c } from './c.ts'; import("./d.ts"); const s = 'from "./e.ts"';`;

    expect(importsOf(at("operator/act/x.ts", text)).map(({ target }) => target)).toEqual(
      ["a", "b", "c", "d"].map((name) => `operator/act/${name}.ts`),
    );
  });

  it("understands every file of the tree: nothing but blanks and the same lines", () => {
    const odd = code.filter(
      ({ text }) => bare(text).length !== text.length || bare(text).split("\n").length !== text.split("\n").length,
    );
    const unbalanced = code.filter(({ text }) => count(bare(text), "{") !== count(bare(text), "}"));

    expect([...odd, ...unbalanced].map(({ path }) => path)).toEqual([]);
  });
});

function count(text: string, char: string): number {
  return text.split(char).length - 1;
}
