import { spawn } from "node:child_process";
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** The limit the operator promises, from the signal to the end. */
const STOP_LIMIT_MS = 5_000;

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "stint-main-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.concurrent(
  "the process",
  () => {
    it("prints help and ends with 0", async () => {
      expect(await run(["--help"])).toMatchObject({ code: 0, out: expect.stringMatching(/^Stint runs each TaskRun/) });
    });

    it("names what is wrong with its settings and ends with 2", async () => {
      const { code, err } = await run(["--log-level=loud", "--bogus"]);

      expect(code).toBe(2);
      expect(err).toMatch(/--bogus: there is no such flag\n--log-level: "loud" is wrong/);
      expect(err).toMatch(/^--help lists what can be set$/m);
    });

    it("names the kubeconfig it cannot read, and ends with 1", async () => {
      const path = join(folder, "broken");
      writeFileSync(path, "clusters:\n  - a\n - b\n");
      const { code, err } = await run([`--kubeconfig=${path}`, "--log-format=json"]);

      expect(code).toBe(1);
      expect(err).toContain(`the kubeconfig cannot be read (${path}): `);
    });

    it("says where it looked when there is no cluster, and ends with 1", async () => {
      const { code, err } = await run([]);

      expect(code).toBe(1);
      expect(err).toMatch(/no cluster: set KUBECONFIG/);
    });

    it("waits for a server that is away, and ends in order on a signal", async () => {
      const path = join(folder, "config");
      writeFileSync(path, kubeconfigFor(await freePort()));
      const flags = [`--kubeconfig=${path}`, "--metrics-address=127.0.0.1:0", "--log-format=json"];
      const { code, err, stoppedAfterMs } = await run(flags, "the API server cannot be reached");

      expect(code).toBe(0);
      expect(stoppedAfterMs).toBeLessThan(STOP_LIMIT_MS);
      expect(err.split("\n")[0]).toMatch(
        /"message":"stint starts","version":"\d.*"cluster":"127.0.0.1:\d+","namespaces":"all"/,
      );
      expect(err.trim().split("\n").at(-1)).toContain('"message":"stint stopped"');
      expect(err).not.toContain("secret-token");
    });
  },
  120_000,
);

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly stoppedAfterMs: number;
}

/** Runs the operator to its end; `until` appearing in its log gets it a SIGTERM. */
function run(args: string[], until?: string): Promise<Ended> {
  const main = join(import.meta.dirname, "main.ts");
  const env = { PATH: process.env["PATH"], HOME: folder };
  const child = spawn(process.execPath, ["--disable-warning=DEP0040", main, ...args], { env });
  let out = "";
  let err = "";
  let signalledAt = 0;
  child.stdout.on("data", (data: Buffer) => (out += data.toString()));
  child.stderr.on("data", (data: Buffer) => {
    err += data.toString();
    if (until === undefined || signalledAt > 0 || !err.includes(until)) return;
    signalledAt = performance.now();
    child.kill("SIGTERM");
  });
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code, out, err, stoppedAfterMs: performance.now() - signalledAt }));
  });
}

function kubeconfigFor(port: number): string {
  return [
    "current-context: c",
    "contexts: [{ name: c, context: { cluster: c, user: u } }]",
    `clusters: [{ name: c, cluster: { server: "https://127.0.0.1:${port}" } }]`,
    "users: [{ name: u, user: { token: secret-token } }]",
  ].join("\n");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
