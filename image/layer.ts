/** A folder as one layer of an image: sorted, without times, owners and the maker's umask, so that equal content is equal. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream, createWriteStream, type Stats } from "node:fs";
import { lstat, open, readdir, readlink, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { tarEnd, tarHeader, tarPadding } from "./tar.ts";

/** Higher levels take longer and save a part in four hundred. */
const GZIP_LEVEL = 6;

/** A file that is a part of an image, known by its digest. */
export interface Blob {
  readonly path: string;
  /** Sha256, in hex. */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Writes what is in `folder` as a tar to `path`. */
export async function writeLayer(folder: string, path: string): Promise<Blob> {
  const out = await open(path, "w");
  const hash = createHash("sha256");
  try {
    await addFolder({ out, hash }, folder, "");
    await put({ out, hash }, tarEnd());
  } finally {
    await out.close();
  }
  return { path, digest: hash.digest("hex"), sizeBytes: (await stat(path)).size };
}

/** Writes `from`, compressed, to `path`. */
export async function compress(from: string, path: string): Promise<Blob> {
  const hash = createHash("sha256");
  const hashed = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(createReadStream(from), createGzip({ level: GZIP_LEVEL }), hashed, createWriteStream(path));
  return { path, digest: hash.digest("hex"), sizeBytes: (await stat(path)).size };
}

/** The sha256 of what {@link writeLayer} would write. */
export async function folderDigest(folder: string): Promise<string> {
  const hash = createHash("sha256");
  await addFolder({ hash }, folder, "");
  return hash.digest("hex");
}

interface LayerFile {
  /** None: only the digest is wanted. */
  readonly out?: FileHandle;
  readonly hash: Hash;
}

async function put(layer: LayerFile, chunk: Buffer): Promise<void> {
  layer.hash.update(chunk);
  await layer.out?.write(chunk);
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
    await put(layer, tarHeader({ kind: "directory", name, mode: modeOf(info) }));
    await addFolder(layer, root, name);
  } else if (info.isSymbolicLink()) {
    await put(layer, tarHeader({ kind: "symlink", name, target: await readlink(path) }));
  } else if (info.isFile()) {
    await put(layer, tarHeader({ kind: "file", name, mode: modeOf(info), sizeBytes: info.size }));
    await copyContent(path, info.size, (chunk) => put(layer, chunk));
  } else {
    throw new Error(`${path} is neither file, folder nor link: an image cannot hold it`);
  }
}

/** Readable for everybody, and writable for its owner: what somebody's umask says must not change an image. */
function modeOf(info: Stats): number {
  if (info.isDirectory() && (info.mode & 0o1000) !== 0) return 0o1777;
  return info.isDirectory() || (info.mode & 0o100) !== 0 ? 0o755 : 0o644;
}

/** Copies exactly `sizeBytes` and pads; a file that grew or shrank meanwhile would break the archive. */
export async function copyContent(
  path: string,
  sizeBytes: number,
  write: (chunk: Buffer) => Promise<unknown>,
): Promise<void> {
  let copied = 0;
  for await (const chunk of createReadStream(path)) {
    const bytes = Buffer.from(chunk);
    copied += bytes.length;
    await write(bytes);
  }
  if (copied !== sizeBytes) throw new Error(`${path} changed while it was read: ${copied} of ${sizeBytes} bytes`);
  await write(tarPadding(sizeBytes));
}
