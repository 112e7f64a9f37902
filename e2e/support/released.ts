/** The operator of the last release, bundled from its own sources as the repository's history has them. */
import { spawnSync } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { historyMissing, releasedFile, unpackReleased } from "../../crds/released.ts";

const ROOT = join(import.meta.dirname, "../..");
/** A second or two; a busy machine needs more. */
const BUNDLE_LIMIT_MS = 120_000;

export interface Released {
  readonly version: string;
  /** Its bundle. */
  readonly program: string;
  /** Its definitions, for `kubectl apply -k`. */
  readonly crds: string;
}

/** Why it cannot be made here, or nothing. */
export function cannotBundleReleased(): string | undefined {
  const missing = historyMissing();
  if (missing !== undefined) return missing;
  const { dependencies } = packageOf(releasedFile("package.json"));
  // The packages here stand for those of its lock file; that pins each version, as package.json does.
  const differing = Object.entries(dependencies).filter(([name, version]) => installed(name) !== version);
  const names = differing.map(([name, version]) => `${name} ${version} (here ${installed(name)})`);
  return names.length === 0 ? undefined : `the release needs other packages than are installed: ${names.join(", ")}`;
}

/** Unpacks and bundles it in a folder. */
export function bundleReleased(folder: string): Released {
  unpackReleased(["operator", "crds", "package.json", "LICENSE"], folder);
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const options = { encoding: "utf8", timeout: BUNDLE_LIMIT_MS } as const;
  const { status, stderr } = spawnSync(process.execPath, [join(folder, "operator/bundle.ts")], options);
  if (status !== 0) throw new Error(`the released operator cannot be bundled: ${stderr}`);
  const { version } = packageOf(readFileSync(join(folder, "package.json"), "utf8"));
  return { version, program: join(folder, "dist/operator.cjs"), crds: join(folder, "crds") };
}

interface Package {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

function packageOf(text: string): Package {
  return JSON.parse(text) as Package;
}

function installed(name: string): string {
  try {
    return packageOf(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8")).version;
  } catch {
    return "none";
  }
}
