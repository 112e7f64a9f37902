import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { fullName, writeImage, type Image } from "./archive.ts";

let work = "";
let image: Image;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "stint-archive-"));
  image = await writeImage(source("first"), join(work, "first.tar"));
});
afterAll(() => rmSync(work, { recursive: true }));

/** The same content each time, written in another order, at another time and with other rights. */
function source(run: string): Parameters<typeof writeImage>[0] {
  const [base, own] = [join(work, run, "base"), join(work, run, "own")];
  const files = ["bin/tool", "etc/b", "etc/a"];
  for (const folder of [base, own])
    for (const inside of ["bin", "etc"]) mkdirSync(join(folder, inside), { recursive: true });
  for (const file of run === "first" ? files : files.toReversed()) writeFileSync(join(base, file), file);
  writeFileSync(join(own, "etc/a"), "over it");
  symlinkSync("tool", join(base, "bin/link"));
  chmodSync(join(base, "bin/tool"), run === "first" ? 0o755 : 0o700);
  chmodSync(join(base, "etc/a"), run === "first" ? 0o644 : 0o600);
  if (run !== "first") utimesSync(join(base, "etc/b"), 1_000_000, 1_000_000);
  return { name: "stint:dev", folders: [base, own], settings: { user: "65532:65532" }, compressed: true };
}

/** What the system's tar reads from the archive. */
function content(file: string, archive: string = join(work, "first.tar")): Buffer {
  return execFileSync("tar", ["--extract", "--to-stdout", "--file", archive, file]);
}

function parsed(file: string): unknown {
  return JSON.parse(content(file).toString());
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

const blob = ({ digest }: Descriptor): string => `blobs/sha256/${digest.replace("sha256:", "")}`;

describe("an image archive", () => {
  it("is an OCI layout whose every digest and size is true", () => {
    expect(parsed("oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" });
    const [manifest] = (parsed("index.json") as { manifests: Descriptor[] }).manifests;
    expect(manifest).toMatchObject({
      digest: image.digest,
      annotations: {
        "io.containerd.image.name": "docker.io/library/stint:dev",
        "org.opencontainers.image.ref.name": "dev",
      },
      platform: { os: "linux" },
    });
    const { config, layers } = parsed(blob(manifest!)) as { config: Descriptor; layers: Descriptor[] };
    for (const part of [manifest!, config, ...layers]) {
      const bytes = content(blob(part));
      expect([`sha256:${createHash("sha256").update(bytes).digest("hex")}`, bytes.length]).toEqual([
        part.digest,
        part.size,
      ]);
    }
    expect(layers.map(({ mediaType }) => mediaType)).toEqual(
      Array(2).fill("application/vnd.oci.image.layer.v1.tar+gzip"),
    );
    // A layer is known by its content too, however it is compressed.
    const { rootfs } = parsed(blob(config)) as { rootfs: { diff_ids: string[] } };
    const contents = layers.map((layer) => execFileSync("gzip", ["-dc"], { input: content(blob(layer)) }));
    expect(contents.map((bytes) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`)).toEqual(
      rootfs.diff_ids,
    );
    expect(contents.reduce((sum, { length }) => sum + length, 0)).toBe(image.unpackedBytes);
  });

  it("is at the same time what docker load reads, of the same blobs", () => {
    const [manifest] = (parsed("index.json") as { manifests: Descriptor[] }).manifests;
    const { config, layers } = parsed(blob(manifest!)) as { config: Descriptor; layers: Descriptor[] };

    expect(parsed("manifest.json")).toEqual([
      { Config: blob(config), RepoTags: ["docker.io/library/stint:dev"], Layers: layers.map(blob) },
    ]);
  });

  it("is the same, byte for byte, whenever, by whomever and in whatever order its files were written", async () => {
    const again = await writeImage(source("second"), join(work, "second.tar"));

    expect(again).toEqual(image);
    expect(readFileSync(join(work, "second.tar")).equals(readFileSync(join(work, "first.tar")))).toBe(true);
  });
});

test.each([
  ["stint:dev", "docker.io/library/stint:dev"],
  ["stint", "docker.io/library/stint:latest"],
  ["team/stint:1.0", "docker.io/team/stint:1.0"],
  ["stint.local/operator:e2e", "stint.local/operator:e2e"],
  ["localhost/stint", "localhost/stint:latest"],
  ["registry:5000/stint", "registry:5000/stint:latest"],
])("%s written out is %s", (name, want) => {
  expect(fullName(name)).toBe(want);
});
