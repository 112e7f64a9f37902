/** Free ports and free networks, so that clusters run side by side. */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { ClusterError } from "./failure.ts";

/** Below the ports a system gives to outgoing connections, so that none takes ours between two starts. */
const FIRST_PORT = 20_000;
const LAST_PORT = 31_999;
/** With a thousand ports of this range in use, 500 draws still miss with probability below 1e-500. */
const MAX_DRAWS = 500;

/** `count` different TCP ports that nobody listens on at the loopback address. */
export async function freePorts(count: number): Promise<number[]> {
  const held: Server[] = [];
  const ports: number[] = [];
  try {
    for (let draw = 0; draw < MAX_DRAWS && ports.length < count; draw += 1) {
      const port = randomInt(FIRST_PORT, LAST_PORT + 1);
      const server = await listen(port);
      if (server === undefined) continue;
      held.push(server);
      ports.push(port);
    }
  } finally {
    await Promise.all(held.map(close));
  }
  if (ports.length < count) throw new ClusterError(`no ${count} free ports from ${FIRST_PORT} to ${LAST_PORT}`);
  return ports;
}

/** `count` different /24 networks, as their first three numbers, that no address of this machine is in. */
export function freeSubnets(count: number, used: readonly string[] = ownAddresses()): string[] {
  const taken = new Set(used.map((address) => address.split(".").slice(0, 3).join(".")));
  const found: string[] = [];
  for (let draw = 0; draw < MAX_DRAWS && found.length < count; draw += 1) {
    const subnet = `10.${randomInt(128, 250)}.${randomInt(1, 255)}`;
    if (taken.has(subnet)) continue;
    taken.add(subnet);
    found.push(subnet);
  }
  if (found.length < count) throw new ClusterError(`no ${count} free networks below 10.0.0.0/8`);
  return found;
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}

async function listen(port: number): Promise<Server | undefined> {
  const server = createServer();
  try {
    await once(server.listen(port, "127.0.0.1"), "listening");
    return server;
  } catch {
    return undefined;
  }
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}
