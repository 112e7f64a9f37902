/** Container images as docker-archive files, made from a folder without any container tool. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, mkdtemp, open, readdir, readlink, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { tarEnd, tarFile, tarHeader, tarPadding } from "./tar.ts";

/** What an image is made of. */
export interface ImageSource {
  /** The name it gets, such as `stint.local/busybox:1`. */
  readonly name: string;
  /** The folder that becomes the image's root. */
  readonly folder: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly env?: readonly string[];
  readonly workingDir?: string;
  /** `uid` or `uid:gid`; root when left out. */
  readonly user?: string;
}

/** Writes `source` as an image archive to `archive`; a reader never sees half of it. */
export async function writeImage(source: ImageSource, archive: string): Promise<void> {
  const work = await mkdtemp(join(dirname(archive), ".image-"));
  try {
    const layer = join(work, "layer.tar");
    const digest = await writeLayer(source.folder, layer);
    const whole = join(work, "image.tar");
    await writeArchive(source, { path: layer, digest }, whole);
    await rename(whole, archive);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The image's configuration, as the docker-archive layout wants it. */
export function imageConfig(source: ImageSource, layerDigest: string): string {
  return JSON.stringify({
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: {
      Env: ["PATH=/usr/local/bin:/usr/bin:/bin", ...(source.env ?? [])],
      ...(source.entrypoint === undefined ? {} : { Entrypoint: source.entrypoint }),
      ...(source.command === undefined ? {} : { Cmd: source.command }),
      ...(source.workingDir === undefined ? {} : { WorkingDir: source.workingDir }),
      ...(source.user === undefined ? {} : { User: source.user }),
    },
    rootfs: { type: "layers", diff_ids: [`sha256:${layerDigest}`] },
    history: [{ created_by: `stint ${basename(source.folder)}` }],
  });
}

interface Layer {
  readonly path: string;
  readonly digest: string;
}

async function writeArchive(source: ImageSource, layer: Layer, path: string): Promise<void> {
  const config = imageConfig(source, layer.digest);
  const configName = `${createHash("sha256").update(config).digest("hex")}.json`;
  const layerName = `${layer.digest}/layer.tar`;
  const manifest = JSON.stringify([{ Config: configName, RepoTags: [source.name], Layers: [layerName] }]);
  const { size } = await stat(layer.path);
  const out = await open(path, "w");
  try {
    await out.write(tarFile(configName, config));
    await out.write(tarHeader({ kind: "file", name: layerName, mode: 0o644, sizeBytes: size }));
    await copyContent(layer.path, size, (chunk) => out.write(chunk));
    await out.write(tarFile("manifest.json", manifest));
    await out.write(tarEnd());
  } finally {
    await out.close();
  }
}

/** Writes the folder as one layer and returns its sha256. */
async function writeLayer(folder: string, path: string): Promise<string> {
  const out = await open(path, "w");
  const hash = createHash("sha256");
  try {
    await addFolder({ out, hash }, folder, "");
    await put({ out, hash }, tarEnd());
  } finally {
    await out.close();
  }
  return hash.digest("hex");
}

interface LayerFile {
  readonly out: FileHandle;
  readonly hash: Hash;
}

async function put(layer: LayerFile, chunk: Buffer): Promise<void> {
  layer.hash.update(chunk);
  await layer.out.write(chunk);
}

/** Goes down the folder in name order; its depth is the folder's own, links are never followed. */
async function addFolder(layer: LayerFile, root: string, inside: string): Promise<void> {
  const names = (await readdir(join(root, inside))).toSorted();
  for (const entry of names) {
    const name = inside === "" ? entry : `${inside}/${entry}`;
    await addEntry(layer, root, name);
  }
}

async function addEntry(layer: LayerFile, root: string, name: string): Promise<void> {
  const path = join(root, name);
  const info = await lstat(path);
  if (info.isDirectory()) {
    await put(layer, tarHeader({ kind: "directory", name, mode: info.mode }));
    await addFolder(layer, root, name);
  } else if (info.isSymbolicLink()) {
    await put(layer, tarHeader({ kind: "symlink", name, target: await readlink(path) }));
  } else if (info.isFile()) {
    await put(layer, tarHeader({ kind: "file", name, mode: info.mode, sizeBytes: info.size }));
    await copyContent(path, info.size, (chunk) => put(layer, chunk));
  } else {
    throw new Error(`${path} is neither file, folder nor link: an image cannot hold it`);
  }
}

/** Copies exactly `sizeBytes` and pads; a file that grew or shrank meanwhile would break the archive. */
async function copyContent(path: string, sizeBytes: number, write: (chunk: Buffer) => Promise<unknown>): Promise<void> {
  let copied = 0;
  for await (const chunk of createReadStream(path)) {
    const bytes = Buffer.from(chunk);
    copied += bytes.length;
    await write(bytes);
  }
  if (copied !== sizeBytes) throw new Error(`${path} changed while it was read: ${copied} of ${sizeBytes} bytes`);
  await write(tarPadding(sizeBytes));
}
