/** The operator's image as manifests/Dockerfile makes it, without a container tool and without a registry. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadImage, placeProgram, writeImage, type ImageSource } from "../cluster/cluster.ts";

const CHECKOUT = join(import.meta.dirname, "../..");
const BUNDLE = join(CHECKOUT, "dist/operator.cjs");
/** Bundling takes a second, on a busy machine some more. */
const BUNDLE_LIMIT_MS = 60_000;

/** What the Dockerfile says in WORKDIR, USER, ENTRYPOINT and ENV. */
export const SETTINGS: Omit<ImageSource, "name" | "folder"> = {
  workingDir: "/stint",
  user: "65532:65532",
  entrypoint: ["node", "dist/operator.cjs"],
  env: ["NODE_ENV=production"],
};

/** Makes the image of this checkout, with the Node.js that runs the test, known to the cluster's nodes as `name`. */
export async function loadOperatorImage(dir: string, name: string): Promise<void> {
  await bundle();
  const work = await mkdtemp(join(tmpdir(), "stint-image-"));
  try {
    const root = join(work, "root");
    await placeProgram(process.execPath, root, "usr/local/bin/node");
    await mkdir(join(root, "stint/dist"), { recursive: true });
    await cp(BUNDLE, join(root, "stint/dist/operator.cjs"));
    await cp(join(CHECKOUT, "crds"), join(root, "stint/crds"), { recursive: true });
    const archive = join(work, "operator.tar");
    await writeImage({ name, folder: root, ...SETTINGS }, archive);
    await loadImage(dir, archive);
  } finally {
    await rm(work, { recursive: true });
  }
}

/** As `make dist/operator.cjs`: only when there is none, or an older one than its sources. */
async function bundle(): Promise<void> {
  const made = (await stat(BUNDLE).catch(() => undefined))?.mtimeMs ?? 0;
  const sources = await readdir(join(CHECKOUT, "operator"), { recursive: true, withFileTypes: true });
  const files = sources.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const changed = await Promise.all(files.map(async (file) => (await stat(file)).mtimeMs));
  if (changed.every((ms) => ms <= made)) return;
  const bundler = spawn(process.execPath, [join(CHECKOUT, "operator/bundle.ts")], {
    stdio: ["ignore", "inherit", "inherit"],
    timeout: BUNDLE_LIMIT_MS,
  });
  const [code] = (await once(bundler, "exit")) as [number | null];
  if (code !== 0) throw new Error(`bundling the operator failed (${code ?? "killed: took too long"})`);
}
