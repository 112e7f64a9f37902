/** What we take from the system instead of building it: runc, the CNI plugins, a static busybox. */
import { copyFile, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ClusterError } from "./failure.ts";
import { run, succeeds, which } from "./shell.ts";

/** The CNI plugins our network needs; containerd brings `loopback` itself. */
const CNI_PLUGINS = ["bridge", "host-local"];
const CNI_FOLDERS = ["usr/lib/cni", "opt/cni/bin", "usr/libexec/cni"];
const PROGRAM_FOLDERS = ["usr/sbin", "usr/bin", "bin", "usr/local/sbin", "usr/local/bin"];

const PROGRAM_HEADER_INTERPRETER = 3;
const ELF_HEADERS_BYTES = 4096;

/** One Debian package and how to take what we need from an unpacked root folder ("/" is one too). */
interface SystemPart {
  readonly debianPackage: string;
  /** Copies the part from `root` into the build; false when it is not there or does not fit. */
  readonly take: (root: string, build: string) => Promise<boolean>;
}

const PARTS: readonly SystemPart[] = [
  { debianPackage: "runc", take: takeRunc },
  { debianPackage: "containernetworking-plugins", take: takeCni },
  { debianPackage: "busybox-static", take: takeBusybox },
];

/** Puts runc, the CNI plugins and busybox into `build`: from this system, else from Debian's packages. */
export async function takeSystemParts(build: string, say: (line: string) => void): Promise<void> {
  const missing: string[] = [];
  for (const part of PARTS) {
    if (!(await part.take("/", build))) missing.push(part.debianPackage);
  }
  if (missing.length === 0) return;
  if (!(await canUnpackDebian())) {
    throw new ClusterError(
      `a real node needs ${missing.join(", ")} (Debian's names for runc, the CNI plugins bridge and host-local in ` +
        `/opt/cni/bin or /usr/lib/cni, and a statically linked busybox). Install them, or start with REAL_NODES=0.`,
    );
  }
  say(`fetching ${missing.join(", ")} with apt-get (unpacked into the cache, nothing is installed)`);
  const work = join(build, `.packages-${process.pid}`);
  try {
    await mkdir(work, { recursive: true });
    await unpackDebian(missing, work);
    for (const part of PARTS.filter(({ debianPackage }) => missing.includes(debianPackage))) {
      if (await part.take(work, build)) continue;
      throw new ClusterError(
        `Debian's ${part.debianPackage} does not run when only unpacked; install it: apt-get install ${part.debianPackage}`,
      );
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Whether an ELF program needs no loader and so runs in an image that holds nothing else. */
export function isStatic(elf: Buffer): boolean {
  if (elf.length < 64 || elf.toString("latin1", 0, 4) !== "\u007fELF" || elf[4] !== 2 || elf[5] !== 1) return false;
  const start = Number(elf.readBigUInt64LE(32));
  const [size, count] = [elf.readUInt16LE(54), elf.readUInt16LE(56)];
  for (let index = 0; index < count; index += 1) {
    const offset = start + index * size;
    if (offset + 4 > elf.length) return false;
    if (elf.readUInt32LE(offset) === PROGRAM_HEADER_INTERPRETER) return false;
  }
  return true;
}

/** Only root may refresh the lists of packages. */
export async function canUnpackDebian(): Promise<boolean> {
  return (await which("apt-get")) !== undefined && process.getuid?.() === 0;
}

/** Downloads packages of Debian and unpacks them into `work`; nothing is installed. */
export async function unpackDebian(packages: readonly string[], work: string): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update"], { env });
  await run("apt-get", ["download", ...packages], { env, cwd: work });
  for (const file of (await readdir(work)).filter((name) => name.endsWith(".deb"))) {
    await run("dpkg-deb", ["--extract", file, "."], { cwd: work });
  }
}

async function takeRunc(root: string, build: string): Promise<boolean> {
  const found = await findIn(root, PROGRAM_FOLDERS, "runc");
  if (found === undefined || !(await succeeds(found, ["--version"]))) return false;
  await place(found, join(build, "bin", "runc"));
  return true;
}

async function takeCni(root: string, build: string): Promise<boolean> {
  const found = await Promise.all(CNI_PLUGINS.map((plugin) => findIn(root, CNI_FOLDERS, plugin)));
  const paths = found.filter((path) => path !== undefined);
  if (paths.length < CNI_PLUGINS.length) return false;
  await Promise.all(paths.map((path, index) => place(path, join(build, "cni", CNI_PLUGINS[index] ?? ""))));
  return true;
}

async function takeBusybox(root: string, build: string): Promise<boolean> {
  const found = await findIn(root, PROGRAM_FOLDERS, "busybox");
  if (found === undefined || !isStatic(await firstBytes(found))) return false;
  await place(found, join(build, "bin", "busybox"));
  return true;
}

/** Where a file of that name is in the first of the folders below `root` that has it. */
export async function findIn(root: string, folders: readonly string[], name: string): Promise<string | undefined> {
  for (const folder of folders) {
    const listed = await readdir(join(root, folder)).catch((): string[] => []);
    if (listed.includes(name)) return join(root, folder, name);
  }
  return undefined;
}

/** Copies a program. A rename last, so that a half-copied program is never taken for a whole one. */
export async function place(from: string, to: string): Promise<void> {
  const half = `${to}.${process.pid}`;
  await copyFile(from, half);
  await rename(half, to);
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(ELF_HEADERS_BYTES), 0, ELF_HEADERS_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
