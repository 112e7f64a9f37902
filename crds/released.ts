/** The last release as this repository's own history has it: what upgrades are tested from, and definitions compared with. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The commit of version 0.1.0. A release that is made next is named here. */
export const RELEASED = "9c60f1c";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FILES_MAX_BYTES = 64 * 1024 * 1024;

/** Why the release cannot be had from this checkout, or nothing. */
export function historyMissing(): string | undefined {
  const { status } = spawnSync("git", ["-C", ROOT, "cat-file", "-e", `${RELEASED}^{commit}`]);
  return status === 0 ? undefined : `this checkout's history lacks commit ${RELEASED}: a shallow clone, or no Git`;
}

/** A file of the release. @throws when it is not there */
export function releasedFile(path: string): string {
  return git(["show", `${RELEASED}:${path}`]).toString();
}

/** Puts files and folders of the release into a folder. */
export function unpackReleased(paths: readonly string[], folder: string): void {
  mkdirSync(folder, { recursive: true });
  const input = git(["archive", RELEASED, ...paths]);
  const { status, stderr } = spawnSync("tar", ["-x", "-C", folder], { input });
  if (status !== 0) throw new Error(`the release cannot be unpacked: ${String(stderr)}`);
}

function git(args: readonly string[]): Buffer {
  const { status, stdout, stderr } = spawnSync("git", ["-C", ROOT, ...args], { maxBuffer: FILES_MAX_BYTES });
  if (status !== 0) throw new Error(`git ${args.join(" ")}: ${String(stderr)}`);
  return stdout;
}
