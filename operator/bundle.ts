/**
 * Bundles the operator into dist/operator.cjs, the file the image holds and `make run` starts, and gathers the licences of
 * what is in it. Bundled it starts faster and needs less than half the memory it takes from source.
 * Usage: node operator/bundle.ts [folder]
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Metafile, Plugin } from "esbuild";

/** The oldest Node.js that has all the operator uses; package.json says so too. */
const NODE_MAJOR = 24;

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const ROOT = path("..");
const target = process.argv[2] ?? join(ROOT, "dist");

/** Only the part of client-node that is used, and of that part only what is reached: its files do nothing when loaded. */
const slimClient: Plugin = {
  name: "slim-client",
  setup(bundler) {
    bundler.onResolve({ filter: /^@kubernetes\/client-node$/ }, () => ({
      path: path("port/clientnode.ts"),
      sideEffects: false,
    }));
    bundler.onResolve({ filter: /^\.\.?\// }, async ({ path: file, pluginData, ...from }) => {
      if (pluginData === "asked" || !from.resolveDir.includes("/@kubernetes/client-node/dist")) return undefined;
      const { path: found, errors } = await bundler.resolve(file, { ...from, pluginData: "asked" });
      return { path: found, errors, sideEffects: false };
    });
  },
};

/**
 * Read by any Node.js: without it an older one fails somewhere in the middle, with a page of code. "use strict" counts only at
 * the very start of a file, and esbuild puts its own after the banner.
 */
const nodeCheck = [
  '"use strict";',
  `if(parseInt(process.version.slice(1))<${NODE_MAJOR}){`,
  `process.stderr.write("stint needs Node.js ${NODE_MAJOR} or newer, this is "+process.version+"\\n");`,
  "process.exit(1)}",
].join("");

/** The files that have a part in the bundle. */
function usedFiles({ outputs }: Metafile): readonly string[] {
  const files = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs));
  return files.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file);
}

/** The folders of the packages that these files are of. */
function packageFolders(used: readonly string[]): readonly string[] {
  const folders = used.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  return [...new Set(folders)].toSorted();
}

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

function packageIn(folder: string): Package {
  return JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8")) as Package;
}

/** Name, version and licence of each package that has a part in the bundle. @throws when one has no licence */
function licences(used: readonly string[]): string {
  const parts = packageFolders(used).map((folder) => {
    const { name, version, license } = packageIn(folder);
    const names = readdirSync(join(ROOT, folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
    const texts = names.map((file) => readFileSync(join(ROOT, folder, file), "utf8").trim());
    if (names.length === 0)
      texts.push(
        ...licenceInFiles(
          used.filter((file) => file.startsWith(`${folder}/`)),
          license,
        ),
      );
    if (texts.length === 0) throw new Error(`${folder} is bundled, but holds no licence`);
    return [`${name} ${version} (${license})`, ...texts].join("\n\n");
  });
  return `${parts.join(`\n\n${"=".repeat(80)}\n\n`)}\n`;
}

/**
 * Of a package that has no file with its licence: the notices at the head of its files, and the text that they point to, which is
 * the same as that of our own licence. Other licences name their owner in their text, so they must be there. Empty: there is none.
 */
function licenceInFiles(files: readonly string[], license: string): readonly string[] {
  const heads = files.map((file) => /^(?:\/\/.*\n)+/.exec(readFileSync(join(ROOT, file), "utf8"))?.[0] ?? "");
  const found = [...new Set(heads)].filter((head) => head.includes("Copyright"));
  // Where a comment on the code follows a notice, the notice alone is there from another file.
  const notices = found.filter((head) => !found.some((other) => other !== head && head.startsWith(other)));
  if (notices.length === 0 || !license.includes("Apache-2.0")) return [];
  const ours = readFileSync(join(ROOT, "LICENSE"), "utf8").trim();
  return [...notices.map((head) => head.replaceAll(/^\/\/ ?/gm, "").trim()), ours];
}

/** What the bundle is made of. */
const SOURCES = ["operator", "package.json", "package-lock.json"];

/** The commit of this checkout, "-modified" when what is bundled differs from it; "unknown" where Git knows nothing of it. */
function commitOf(root: string): string {
  const git = (...args: readonly string[]): string | undefined => {
    const { status, stdout } = spawnSync("git", ["-C", root, ...args], { encoding: "utf8" });
    return status === 0 ? stdout.trim() : undefined;
  };
  // An unpacked archive inside somebody's own repository is not a checkout of that.
  const isCheckout = git("rev-parse", "--show-toplevel") === realpathSync(root);
  const commit = isCheckout ? git("rev-parse", "--short=12", "HEAD") : undefined;
  if (commit === undefined) return "unknown";
  return git("status", "--porcelain", "--", ...SOURCES) === "" ? commit : `${commit}-modified`;
}

const { metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: [path("main.ts")],
  outfile: join(target, "operator.cjs"),
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  // Names stay readable, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  banner: { js: nodeCheck },
  // Whole licences are gathered below.
  legalComments: "none",
  metafile: true,
  define: { "import.meta.dirname": "__dirname", STINT_COMMIT: JSON.stringify(commitOf(ROOT)) },
  // Serves only the request code of the operator library, which we do not use.
  alias: { gaxios: "node:util" },
  plugins: [slimClient],
  logLevel: "warning",
});
const used = usedFiles(metafile);
writeFileSync(join(target, "THIRD_PARTY_LICENSES"), licences(used));
const bundled = packageFolders(used).map(packageIn);
// For the bill of materials of the image (image/sbom.ts).
writeFileSync(join(target, "packages.json"), JSON.stringify(bundled.map(({ name, version }) => `${name}@${version}`)));
