/** What the operator's image is: its settings, and the folders that become its layers. */
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImageSettings } from "./archive.ts";
import { placeProgram } from "./program.ts";
import { output } from "./run.ts";
import { billOfMaterials, type Sbom } from "./sbom.ts";
import { commonLicences, distribution, systemPackages, type SystemPackage } from "./system.ts";

/** Nobody's id: what `runAsNonRoot` wants, and no user of a node has. */
const USER = 65532;

/** The same that manifests/Containerfile says. */
export const SETTINGS: ImageSettings = {
  workingDir: "/stint",
  user: `${USER}:${USER}`,
  entrypoint: ["node", "dist/operator.cjs"],
  env: ["NODE_ENV=production"],
};

/** Names for the id, and where names of hosts are looked up: nothing else of a system is in the image. */
const SYSTEM_FILES: Readonly<Record<string, string>> = {
  passwd: `root:x:0:0:root:/:/sbin/nologin\nstint:x:${USER}:${USER}:stint:/stint:/sbin/nologin\n`,
  group: `root:x:0:\nstint:x:${USER}:\n`,
  "nsswitch.conf": "hosts: files dns\n",
};

/** What was put into the folders. */
export interface Contents {
  readonly sbom: Sbom;
  readonly version: string;
}

/** Where what goes into the image is. */
interface Sources {
  readonly checkout: string;
  /** What operator/bundle.ts made. */
  readonly bundle: string;
}

interface Folders {
  readonly base: string;
  readonly own: string;
}

/**
 * Fills two folders: `base` with Node.js, its libraries and their licences, which change seldom, and `own` with the operator. They
 * may be the same. The bundle must have been made.
 */
export async function fillFolders({ checkout, bundle }: Sources, folders: Folders): Promise<Contents> {
  const { base } = folders;
  const own = join(folders.own, "stint");
  const licences = join(base, "stint/licenses");
  for (const folder of [join(base, "etc"), licences, join(own, "dist")]) await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(SYSTEM_FILES)) await writeFile(join(base, "etc", name), text);
  const node = nodeFolder(checkout);
  const binary = join(node, "bin/node");
  const system = await systemPackages(await placeProgram(binary, base, "usr/local/bin/node"));
  await cp(join(node, "LICENSE"), join(licences, "node"));
  await writeLicences(licences, system);
  for (const name of ["operator.cjs", "THIRD_PARTY_LICENSES"]) {
    await cp(join(bundle, name), join(own, "dist", name));
  }
  await cp(join(checkout, "LICENSE"), join(own, "LICENSE"));
  await cp(join(checkout, "crds"), join(own, "crds"), { recursive: true, filter: (path) => !path.endsWith(".ts") });
  const sbom = billOfMaterials({
    npm: await npmSbom(checkout),
    bundled: new Set((await readJson<readonly string[]>(join(bundle, "packages.json"))) satisfies readonly string[]),
    node: { versions: await versionsOf(binary), sha256: await sha256Of(join(base, "usr/local/bin/node")) },
    system,
    distribution: await distribution(),
  });
  await writeFile(join(own, "sbom.cdx.json"), textOf(sbom));
  return { sbom, version: sbom.metadata.component.version };
}

/** As it is written into files. */
export function textOf(sbom: Sbom): string {
  return `${JSON.stringify(sbom, null, 2)}\n`;
}

/** The Node.js that package-lock.json names, and not whichever runs this: the same for everybody. */
function nodeFolder(checkout: string): string {
  if (process.platform !== "linux") {
    throw new Error(`the image is made of Linux programs and this is ${process.platform}: use manifests/Containerfile`);
  }
  return join(checkout, "node_modules", `node-linux-${process.arch}`);
}

async function writeLicences(folder: string, system: readonly SystemPackage[]): Promise<void> {
  for (const { name, source, copyright } of system) {
    const head = `${name}, built by Debian from its source package ${source.name} ${source.version}.\n\n`;
    await writeFile(join(folder, name), head + copyright);
  }
  for (const [name, text] of await commonLicences(system)) {
    await mkdir(join(folder, "common"), { recursive: true });
    await writeFile(join(folder, "common", name), text);
  }
}

async function npmSbom(checkout: string): Promise<Sbom> {
  const args = ["sbom", "--package-lock-only", "--sbom-format=cyclonedx"];
  return JSON.parse(await output("npm", args, checkout)) as Sbom;
}

async function versionsOf(binary: string): Promise<Readonly<Record<string, string>>> {
  return JSON.parse(await output(binary, ["--print", "JSON.stringify(process.versions)"])) as Record<string, string>;
}

async function sha256Of(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, "utf8")) as T;
}
