import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { freePorts, freeSubnets } from "./ports.ts";

describe("ports", () => {
  test("all are different and can be listened on", async () => {
    const ports = await freePorts(20);
    expect(new Set(ports).size).toBe(20);
    for (const port of ports) {
      const server = createServer().listen(port, "127.0.0.1");
      await once(server, "listening");
      server.close();
    }
  });

  test("networks are different and none that is in use", () => {
    const everyOther = Array.from({ length: 122 }, (_, index) => `10.${index + 128}.7.9`);
    const subnets = freeSubnets(20, everyOther);
    expect(new Set(subnets).size).toBe(20);
    expect(subnets.filter((subnet) => subnet.endsWith(".7"))).toEqual([]);
  });
});
