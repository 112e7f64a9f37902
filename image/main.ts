/**
 * Builds the operator's image from the bundle, without a container tool, a daemon, a registry or root.
 *   node image/main.ts [--name=stint:VERSION] [--folder=dist]   writes stint-image.tar and stint-sbom.cdx.json
 *   node image/main.ts --root=FOLDER                        only fills a folder with what is in it (manifests/Containerfile)
 * The bundle (operator/bundle.ts) is taken from dist, or from the folder that --bundle names.
 */
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { BUILD } from "../operator/version.ts";
import { writeImage, type Image, type ImageSource } from "./archive.ts";
import { fillFolders, SETTINGS, textOf } from "./contents.ts";
import { folderDigest } from "./layer.ts";

const CHECKOUT = join(import.meta.dirname, "..");
const ARCHIVE = "stint-image.tar";
/** What the archive was made of, so that the same is not made twice. */
const RECEIPT = "stint-image.json";
const SBOM = "stint-sbom.cdx.json";
/** What the manifests of this version call it. */
const NAME = `stint:${BUILD.version}`;
/** What registries and runtimes take: a path of lower-case words, perhaps a host in front, perhaps a tag behind. */
const NAME_FORM = /^([\w.-]+(:\d+)?\/)?[a-z0-9]+([._/-]+[a-z0-9]+)*(:\w[\w.-]{0,127})?$/;
const MB = 1_000_000;

interface Receipt extends Image {
  readonly inputs: string;
}

async function main(): Promise<void> {
  const options = {
    name: { type: "string" },
    bundle: { type: "string" },
    folder: { type: "string" },
    root: { type: "string" },
  } as const;
  const { values } = parseArgs({ options });
  const bundle = resolve(values.bundle ?? join(CHECKOUT, "dist"));
  if (values.root !== undefined) {
    await fillFolders({ checkout: CHECKOUT, bundle }, { base: values.root, own: values.root });
    return;
  }
  const name = values.name || NAME;
  if (!NAME_FORM.test(name)) {
    throw new Error(`"${name}" is no name of an image; it looks like stint:dev or registry.example.com/team/stint:1.0`);
  }
  const folder = resolve(values.folder ?? join(CHECKOUT, "dist"));
  const image = await makeImage(name, { bundle, dist: folder });
  const size = (count: number): string => `${(count / MB).toFixed(1)} MB`;
  console.log(`  name      ${image.name} (${image.platform})`);
  console.log(`  size      ${size(image.pulledBytes)} compressed, ${size(image.unpackedBytes)} unpacked`);
  console.log(`  digest    ${image.digest}`);
  console.log(`  archive   ${shown(folder, ARCHIVE)} (OCI layout and docker archive in one)`);
  console.log(`  contents  ${shown(folder, SBOM)} (also in the image, with all licences, in /stint)`);
}

/** As one would type it. */
function shown(folder: string, file: string): string {
  return relative(process.cwd(), join(folder, file));
}

async function makeImage(name: string, { bundle, dist }: { bundle: string; dist: string }): Promise<Image> {
  const beganMs = performance.now();
  await mkdir(dist, { recursive: true });
  const work = await mkdtemp(join(dist, ".image-"));
  try {
    console.log("gathering Node.js, its libraries, the operator, licences and the bill of materials ...");
    const folders = { base: join(work, "base"), own: join(work, "own") };
    const { sbom, version } = await fillFolders({ checkout: CHECKOUT, bundle }, folders);
    await writeFile(join(dist, SBOM), textOf(sbom));
    const source: ImageSource = {
      name,
      folders: [folders.base, folders.own],
      settings: { ...SETTINGS, labels: labels(version) },
      compressed: true,
    };
    const inputs = [name, JSON.stringify(source.settings)];
    for (const folder of source.folders) inputs.push(await folderDigest(folder));
    const made = await receipt(dist);
    if (made?.inputs === inputs.join("\n")) {
      console.log(`${shown(dist, ARCHIVE)} is made of the same already`);
      return made;
    }
    console.log("compressing (some 10 s) ...");
    await rm(join(dist, RECEIPT), { force: true });
    const image = await writeImage(source, join(dist, ARCHIVE));
    await writeFile(join(dist, RECEIPT), `${JSON.stringify({ ...image, inputs: inputs.join("\n") }, null, 2)}\n`);
    console.log(`built in ${((performance.now() - beganMs) / 1000).toFixed(1)} s`);
    return image;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Of the archive that is there; undefined when there is none. */
async function receipt(dist: string): Promise<Receipt | undefined> {
  try {
    await stat(join(dist, ARCHIVE));
    return JSON.parse(await readFile(join(dist, RECEIPT), "utf8")) as Receipt;
  } catch {
    return undefined;
  }
}

function labels(version: string): Readonly<Record<string, string>> {
  return {
    "org.opencontainers.image.title": "stint",
    "org.opencontainers.image.description": "Kubernetes operator that runs each task in a fresh pod of its own",
    "org.opencontainers.image.version": version,
    "org.opencontainers.image.licenses": "Apache-2.0",
  };
}

try {
  await main();
} catch (error) {
  console.error(`the image was not built: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
