/**
 * Container images made from folders, without any container tool: one tar that is an OCI image layout and at the same time what
 * `docker load` and its kin read (manifest.json). Both name the same blobs.
 */
import { createHash } from "node:crypto";
import { mkdtemp, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { compress, copyContent, writeLayer, type Blob } from "./layer.ts";
import { tarEnd, tarFile, tarHeader } from "./tar.ts";

/** No image of ours has a time: the same input is to give the same digest. */
const CREATED = "1970-01-01T00:00:00Z";
const MEDIA = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
} as const;

/** What an image is made of. */
export interface ImageSource {
  /** The name it gets, such as `stint.local/busybox:1`. */
  readonly name: string;
  /** The folders whose content becomes the image's root, a layer each; a later one lies over an earlier one. */
  readonly folders: readonly string[];
  readonly settings?: ImageSettings;
  /** Layers are compressed: for images that travel. */
  readonly compressed?: boolean;
}

/** What the image's configuration says of the process in it. */
export interface ImageSettings {
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly env?: readonly string[];
  readonly workingDir?: string;
  /** `uid` or `uid:gid`; root when left out. */
  readonly user?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** An image that was written. */
export interface Image {
  readonly name: string;
  /** Of its manifest: what a registry calls it by. */
  readonly digest: string;
  readonly platform: string;
  /** Of the layers' content as a node unpacks it. */
  readonly unpackedBytes: number;
  /** Of what a registry stores and a node pulls. */
  readonly pulledBytes: number;
}

/** Writes `source` as an image archive to `archive`; a reader never sees half of it. */
export async function writeImage(source: ImageSource, archive: string): Promise<Image> {
  const work = await mkdtemp(join(dirname(archive), ".image-"));
  try {
    const plain: Blob[] = [];
    const layers: Blob[] = [];
    for (const [index, folder] of source.folders.entries()) {
      const layer = await writeLayer(folder, join(work, `${index}.tar`));
      plain.push(layer);
      layers.push(source.compressed === true ? await compress(layer.path, `${layer.path}.gz`) : layer);
    }
    const config = imageConfig(
      source.settings ?? {},
      plain.map(({ digest }) => digest),
    );
    const whole = join(work, "image.tar");
    const digest = await writeArchive(source, { config, layers }, whole);
    await rename(whole, archive);
    const sum = (blobs: readonly Blob[]): number => blobs.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
    const pulledBytes = sum(layers) + Buffer.byteLength(config);
    return { name: source.name, digest, platform: `linux/${architecture()}`, unpackedBytes: sum(plain), pulledBytes };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The image's configuration; Docker's and OCI's have the same form. */
export function imageConfig(settings: ImageSettings, layerDigests: readonly string[]): string {
  const { env, entrypoint, command, workingDir, user, labels } = settings;
  return JSON.stringify({
    created: CREATED,
    architecture: architecture(),
    os: "linux",
    config: {
      Env: ["PATH=/usr/local/bin:/usr/bin:/bin", ...(env ?? [])],
      ...(entrypoint && { Entrypoint: entrypoint }),
      ...(command && { Cmd: command }),
      ...(workingDir && { WorkingDir: workingDir }),
      ...(user && { User: user }),
      ...(labels && { Labels: labels }),
    },
    rootfs: { type: "layers", diff_ids: layerDigests.map((digest) => `sha256:${digest}`) },
    history: layerDigests.map(() => ({ created: CREATED, created_by: "stint" })),
  });
}

/**
 * A name as container runtimes write it out: `stint:dev` is `docker.io/library/stint:dev`. The first part is a registry only if
 * it looks like a host.
 */
export function fullName(name: string): string {
  const [first = "", ...rest] = name.split("/");
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const path = rest.length === 0 ? `library/${name}` : name;
  const whole = isHost ? name : `docker.io/${path}`;
  return tagOf(name) === undefined ? `${whole}:latest` : whole;
}

/** The tag of a name; a colon before a slash is a port's. */
function tagOf(name: string): string | undefined {
  return /:([^/:]+)$/.exec(name)?.[1];
}

/** Go's names, which images use. */
function architecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}

interface Content {
  readonly config: string;
  readonly layers: readonly Blob[];
}

/** Writes the archive and returns the digest of its manifest. */
async function writeArchive(source: ImageSource, { config, layers }: Content, path: string): Promise<string> {
  const media = source.compressed === true ? `${MEDIA.layer}+gzip` : MEDIA.layer;
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: descriptor(MEDIA.config, config),
    layers: layers.map(({ digest, sizeBytes }) => ({ mediaType: media, digest: `sha256:${digest}`, size: sizeBytes })),
  });
  const name = fullName(source.name);
  const annotations = { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": tagOf(name) };
  const platform = { architecture: architecture(), os: "linux" };
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA.index,
    manifests: [{ ...descriptor(MEDIA.manifest, manifest), annotations, platform }],
  };
  const docker = [
    { Config: blobName(sha256(config)), RepoTags: [name], Layers: layers.map((l) => blobName(l.digest)) },
  ];
  const out = await open(path, "w");
  try {
    for (const folder of ["blobs", "blobs/sha256"]) {
      await out.write(tarHeader({ kind: "directory", name: folder, mode: 0o755 }));
    }
    for (const text of [config, manifest]) await out.write(tarFile(blobName(sha256(text)), text));
    await writeBlobs(out, layers);
    await out.write(tarFile("index.json", JSON.stringify(index)));
    await out.write(tarFile("manifest.json", JSON.stringify(docker)));
    await out.write(tarFile("oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" })));
    await out.write(tarEnd());
  } finally {
    await out.close();
  }
  return `sha256:${sha256(manifest)}`;
}

/** Two equal layers are one blob. */
async function writeBlobs(out: FileHandle, blobs: readonly Blob[]): Promise<void> {
  for (const { path, digest, sizeBytes } of new Map(blobs.map((blob) => [blob.digest, blob])).values()) {
    await out.write(tarHeader({ kind: "file", name: blobName(digest), mode: 0o644, sizeBytes }));
    await copyContent(path, sizeBytes, (chunk) => out.write(chunk));
  }
}

function descriptor(mediaType: string, content: string): object {
  return { mediaType, digest: `sha256:${sha256(content)}`, size: Buffer.byteLength(content) };
}

function blobName(digest: string): string {
  return `blobs/sha256/${digest}`;
}

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
