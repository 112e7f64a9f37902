import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ApiRequest, ApiResponse } from "../api/port.ts";
import { aWorld, type World } from "../testing/scripted.ts";
import { selfSigned, type SelfSigned } from "../testing/selfsigned.ts";
import { CERTIFICATE_CHECK_MS } from "./certificate.ts";
import { serveEndpoints, type Endpoints } from "./endpoints.ts";

const ANY_PORT = { host: "127.0.0.1", port: 0 };
const [first, second] = [selfSigned(), selfSigned()];

let folder = "";
let world = aWorld();
let served: Endpoints | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stint-tls-"));
  world = aWorld({ request: reviews });
});
afterEach(async () => {
  await served?.close();
  served = undefined;
  rmSync(folder, { recursive: true });
});

describe("with a certificate", () => {
  it("metrics are for those with a token and the right", async () => {
    write(first);
    served = await serve();

    expect(await get("/metrics")).toMatchObject({ status: 401 });
    expect(await get("/metrics", { token: "unknown" })).toMatchObject({ status: 401 });
    expect(await get("/metrics", { token: "powerless" })).toMatchObject({ status: 403 });
    expect(await get("/metrics", { token: "good" })).toMatchObject({ status: 200, text: "some_metric 1\n" });
    expect(await get("/secret", { token: "good" })).toMatchObject({ status: 404 });
  });

  it("health is for all, so that a kubelet can ask", async () => {
    write(first);
    served = await serve();

    expect(await get("/healthz")).toMatchObject({ status: 200 });
    expect(world.seen).toEqual([]);
  });

  it("nothing is said in clear, nor by TLS 1.1", async () => {
    write(first);
    served = await serve();
    const clear = served.metricsUrl.replace("https:", "http:");

    await expect(fetch(`${clear}/healthz`)).rejects.toThrow(/fetch failed/);
    await expect(get("/healthz", { maxVersion: "TLSv1.1" })).rejects.toThrow(/version|protocol|ECONNRESET/i);
    expect((await get("/healthz", { maxVersion: "TLSv1.2" })).status).toBe(200);
  });

  it("a renewed one is taken without a restart", async () => {
    write(first);
    served = await serve();
    const before = await get("/healthz");
    write(second);
    await world.advance(CERTIFICATE_CHECK_MS);
    const after = await get("/healthz", { ca: second.cert });

    expect(before.certificate).toContain(der(first));
    expect(after.certificate).toContain(der(second));
    expect(world.said).toContain("the certificate of the metrics was renewed");
  });

  it("half of a new pair changes nothing, and is complained of once, until the other half is there", async () => {
    write(first);
    served = await serve();
    write({ cert: second.cert, key: first.key });
    await world.advance(3 * CERTIFICATE_CHECK_MS);

    expect((await get("/healthz")).certificate).toContain(der(first));
    expect(world.said.filter((line) => line.includes("cannot be renewed"))).toHaveLength(1);
    write(second);
    await world.advance(CERTIFICATE_CHECK_MS);
    expect((await get("/healthz", { ca: second.cert })).certificate).toContain(der(second));
  });
});

describe("the start fails, and names the flag and the file", () => {
  it.each<[string, Partial<SelfSigned>, RegExp]>([
    ["when there are none", {}, /^--metrics-tls-folder=\S+: tls.crt cannot be read \(ENOENT.*tls.crt and tls.key/],
    ["when the key is missing", { cert: first.cert }, /--metrics-tls-folder=\S+: tls.key cannot be read/],
    [
      "when they do not fit",
      { cert: first.cert, key: second.key },
      /--metrics-tls-folder=.*no certificate and its key/,
    ],
    ["when they are no PEM", { cert: "x", key: "y" }, /--metrics-tls-folder=.*no certificate and its key/],
  ])("%s", async (_name, files, want) => {
    write(files);

    await expect(serve()).rejects.toThrow(want);
  });
});

it("warns when the metrics are for whoever reaches the address", async () => {
  served = await serve({ metricsTlsFolder: undefined, metricsAddress: { host: "", port: 0 } });

  expect(world.said).toEqual(["whoever reaches this address may read the metrics"]);
  await served.close();
  world = aWorld();
  served = await serve({ metricsTlsFolder: undefined });
  expect(world.said).toEqual([]);
});

function reviews({ path, body }: ApiRequest): ApiResponse {
  const { spec } = body as { readonly spec: { readonly token: string; readonly user: string } };
  if (path.endsWith("tokenreviews")) {
    const user = { username: spec.token };
    return { status: 201, body: { status: spec.token === "unknown" ? {} : { authenticated: true, user } } };
  }
  return { status: 201, body: { status: { allowed: spec.user === "good" } } };
}

async function serve(differing: Partial<Parameters<typeof serveEndpoints>[0]> = {}): Promise<Endpoints> {
  const { api, clock, log }: World["port"] = world.port;
  const vitals = {
    notReady: () => undefined,
    watches: () => [],
    scrape: () => Promise.resolve("some_metric 1\n"),
    contentType: "text/plain",
  };
  const where = { metricsAddress: ANY_PORT, healthAddress: undefined, metricsTlsFolder: folder };
  return await serveEndpoints({ ...where, vitals, api, clock, log, ...differing });
}

function write({ cert, key }: Partial<SelfSigned>): void {
  if (cert !== undefined) writeFileSync(join(folder, "tls.crt"), cert);
  if (key !== undefined) writeFileSync(join(folder, "tls.key"), key, { mode: 0o600 });
}

function der({ cert }: SelfSigned): string {
  return cert.replace(/-----[^-]+-----|\n/g, "");
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly certificate: string;
}

interface Asking {
  readonly token?: string;
  readonly ca?: string;
  readonly maxVersion?: "TLSv1.1" | "TLSv1.2";
}

function get(path: string, { token, ca = first.cert, maxVersion }: Asking = {}): Promise<Answer> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const versions = maxVersion === undefined ? {} : { maxVersion, minVersion: maxVersion };
  return new Promise((resolve, reject) => {
    const asked = request(`${served?.metricsUrl}${path}`, { headers, ca, agent: false, ...versions }, (response) => {
      const certificate = (response.socket as TLSSocket).getPeerCertificate().raw.toString("base64");
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text, certificate }));
    });
    asked.on("error", reject);
    asked.end();
  });
}
