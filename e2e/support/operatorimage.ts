/** The operator's image of this checkout, as `make image` makes it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { BUILD } from "../../operator/version.ts";
import { loadImage } from "../cluster/cluster.ts";

const CHECKOUT = join(import.meta.dirname, "../..");
const BUNDLE = join(CHECKOUT, "dist/operator.cjs");
/** Not where `make image` leaves the user's own. */
const FOLDER = join(CHECKOUT, "dist/e2e");
/** Bundling takes a second and compressing ten; on a busy machine a minute. */
const LIMIT_MS = 300_000;

/** What the manifests call it. */
export const OPERATOR_IMAGE: string = `stint:${BUILD.version}`;

/** Makes the image of this checkout known to the cluster's real nodes as {@link OPERATOR_IMAGE}; it is built once. */
export async function loadOperatorImage(dir: string): Promise<void> {
  if (await bundleIsOld()) await runNode(join(CHECKOUT, "operator/bundle.ts"));
  await runNode(join(CHECKOUT, "image/main.ts"), `--name=${OPERATOR_IMAGE}`, `--folder=${FOLDER}`);
  await loadImage(dir, join(FOLDER, "stint-image.tar"));
}

/** As `make dist/operator.cjs` sees it: there is none, or an older one than its sources. */
async function bundleIsOld(): Promise<boolean> {
  const made = (await stat(BUNDLE).catch(() => undefined))?.mtimeMs ?? 0;
  const sources = await readdir(join(CHECKOUT, "operator"), { recursive: true, withFileTypes: true });
  const files = sources.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const changed = await Promise.all(files.map(async (file) => (await stat(file)).mtimeMs));
  return changed.some((ms) => ms > made);
}

async function runNode(...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"], timeout: LIMIT_MS });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`${args[0]} failed (${code ?? "killed: took too long"})`);
}
