/** The bridge of each real node, made and removed with busybox's `ip`, so that no further tool is needed. */
import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./shell.ts";
import type { RealNode } from "./state.ts";

const LINKS = "/sys/class/net";

/** Makes the node's bridge and gives it the network's first address, by which the kubelet reaches the pods. */
export async function addBridge(busybox: string, node: RealNode): Promise<void> {
  await run(busybox, ["ip", "link", "add", "name", node.bridge, "type", "bridge"]);
  await run(busybox, ["ip", "address", "add", `${node.subnet}.1/24`, "dev", node.bridge]);
  await run(busybox, ["ip", "link", "set", node.bridge, "up"]);
}

/** Removes the node's bridge and what is still plugged into it; nothing to do when there is none. */
export async function removeBridge(busybox: string, node: RealNode): Promise<void> {
  // Whoever deleted the build can still take down what it started, with the system's own tool.
  const [command, ...words] = (await isThere(busybox)) ? [busybox, "ip"] : ["ip"];
  const remove = (link: string): Promise<string> => run(command, [...words, "link", "delete", "dev", link]);
  for (const link of await readdir(join(LINKS, node.bridge, "brif")).catch(() => [])) {
    // A pod's link goes by itself with the pod's network namespace; that may happen before we get to it.
    await remove(link).catch(() => undefined);
  }
  if ((await readdir(LINKS)).includes(node.bridge)) await remove(node.bridge);
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
