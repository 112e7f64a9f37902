import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KubeConfig } from "@kubernetes/client-node";
import type { Clock, Log } from "../api/port.ts";
import { CREDENTIALS_MAX_AGE_MS, kubeCredentials, RENEW_PAUSE_MS, type CredentialSource } from "./credentials.ts";
import { settingsOf, type ClusterSettings } from "./kubeconfig.ts";

let folder = "";
let nowMs = 0;
const clock: Clock = { now: () => nowMs, monotonic: () => nowMs, after: () => () => undefined };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stint-credentials-"));
  nowMs = 1_000_000;
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("a token file", () => {
  it("is read again after a minute, and not before", async () => {
    write("token", "first\n");
    const source = sourceFor("tokenFile: token");
    await source.current();
    write("token", "second\n");

    nowMs += CREDENTIALS_MAX_AGE_MS - 1;
    expect(await authorization(source)).toBe("Bearer first");
    nowMs += 1;
    expect(await authorization(source)).toBe("Bearer second");
  });

  it("is read again at once when the server refuses the token", async () => {
    write("token", "first");
    const source = sourceFor("tokenFile: token");
    const refused = await source.current();
    write("token", "second");
    nowMs += RENEW_PAUSE_MS;

    expect((await source.renew(refused)).headers["authorization"]).toBe("Bearer second");
  });

  it("is read once for many refusals at the same time", async () => {
    write("token", "first");
    const source = sourceFor("tokenFile: token");
    const refused = await source.current();
    nowMs += RENEW_PAUSE_MS;

    const renewed = await Promise.all(Array.from({ length: 100 }, () => source.renew(refused)));

    expect(new Set(renewed).size).toBe(1);
    expect(await source.renew(renewed[0]!)).toBe(renewed[0]);
  });

  it("that cannot be read for a moment leaves the token we have, says so once, and is tried again soon", async () => {
    write("token", "first");
    const said: string[] = [];
    const source = sourceFor("tokenFile: token", "", undefined, said);
    await source.current();
    rmSync(join(folder, "token"));

    for (let call = 0; call < 3; call += 1) {
      nowMs += CREDENTIALS_MAX_AGE_MS;
      expect(await authorization(source)).toBe("Bearer first");
    }
    write("token", "second");
    expect(await authorization(source)).toBe("Bearer first");
    nowMs += RENEW_PAUSE_MS;
    expect(await authorization(source)).toBe("Bearer second");
    expect(said).toEqual([expect.stringMatching(/^credentials cannot be read; .*ENOENT/)]);
  });

  it("that cannot be read is an error when the server has refused the token", async () => {
    write("token", "first");
    const source = sourceFor("tokenFile: token");
    const refused = await source.current();
    rmSync(join(folder, "token"));
    nowMs += RENEW_PAUSE_MS;

    await expect(source.renew(refused)).rejects.toThrow(/ENOENT/);
  });
});

describe("a credential plugin", () => {
  it("is started once, and again when its token is refused", async () => {
    const script = `const fs = require('fs'); const path = process.argv[1];
      fs.appendFileSync(path, 'x'); const n = fs.readFileSync(path, 'utf8').length;
      console.log(JSON.stringify({ status: { token: 'token-' + n } }))`;
    const args = JSON.stringify(["-e", script, join(folder, "runs")]);
    const source = sourceFor(`exec: { apiVersion: v1, command: ${JSON.stringify(process.execPath)}, args: ${args} }`);

    const first = await source.current();
    nowMs += CREDENTIALS_MAX_AGE_MS;
    const later = await source.current();
    nowMs += RENEW_PAUSE_MS;
    const renewed = await source.renew(later);

    const got = [first, later, renewed].map((one) => one.headers["authorization"]);
    expect(got).toEqual(["Bearer token-1", "Bearer token-1", "Bearer token-2"]);
  });

  it("that fails after a refusal is not started for every refused request", async () => {
    const script = `const fs = require('fs'); const path = process.argv[1];
      fs.appendFileSync(path, 'x'); if (fs.readFileSync(path, 'utf8').length > 1) process.exit(1);
      console.log(JSON.stringify({ status: { token: 'token' } }))`;
    const runs = join(folder, "runs");
    const args = JSON.stringify(["-e", script, runs]);
    const source = sourceFor(`exec: { apiVersion: v1, command: ${JSON.stringify(process.execPath)}, args: ${args} }`);
    const refused = await source.current();
    nowMs += RENEW_PAUSE_MS;
    for (let request = 0; request < 10; request += 1) await expect(source.renew(refused)).rejects.toThrow(/user "me"/);
    const started = readFileSync(runs, "utf8").length;
    nowMs += RENEW_PAUSE_MS;
    await expect(source.renew(refused)).rejects.toThrow(/user "me"/);

    expect([started, readFileSync(runs, "utf8").length]).toEqual([2, 3]);
  });

  it("that fails gives an error naming the user", async () => {
    const source = sourceFor(`exec: { apiVersion: v1, command: ${join(folder, "missing")} }`);

    await expect(source.current()).rejects.toThrow(/no credentials for user "me": .*ENOENT/);
  });
});

it("takes certificates, server name and the wish not to check from the kubeconfig", async () => {
  const data = Buffer.from("PEM").toString("base64");
  const cluster = `certificate-authority-data: ${data}, tls-server-name: other, insecure-skip-tls-verify: true`;
  const source = sourceFor(`client-certificate-data: ${data}\n      client-key-data: ${data}`, cluster);

  const pem = Buffer.from("PEM");
  const want = { ca: pem, cert: pem, key: pem, servername: "other", rejectUnauthorized: false };
  expect((await source.current()).tls).toEqual(want);
});

it("sends no credentials in clear text", async () => {
  const source = sourceFor("token: secret", "", "http://127.0.0.1:8001");

  expect(await source.current()).toEqual({ tls: {}, headers: {}, tlsKey: "" });
});

describe("settings", () => {
  it.each([
    ["an unknown context", "other", "https://h", /no context "other"; it has: here/],
    ["a server that is no address", undefined, "nonsense", /no usable server address/],
  ])("with %s are refused", (_name, context, server, want) => {
    expect(() => settingsOf(configFor("token: t", "", server), context, undefined)).toThrow(want);
  });

  it("with a proxy are refused, since it would be passed by", () => {
    const kubeConfig = configFor("token: t", "proxy-url: http://p:1");

    expect(() => settingsOf(kubeConfig, undefined, undefined)).toThrow(/proxy/);
  });
});

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

function configFor(user: string, cluster = "", server = "https://127.0.0.1:6443"): KubeConfig {
  const path = join(folder, "config");
  const lines = [
    "current-context: here",
    "contexts: [{ name: here, context: { cluster: c, user: me } }]",
    `clusters: [{ name: c, cluster: { server: "${server}", ${cluster} } }]`,
    "users:",
    "  - name: me",
    "    user:",
    `      ${user}`,
  ];
  writeFileSync(path, lines.join("\n"));
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(path);
  return kubeConfig;
}

function sourceFor(user: string, cluster = "", server?: string, said: string[] = []): CredentialSource {
  const load = (): ClusterSettings => settingsOf(configFor(user, cluster, server), undefined, join(folder, "config"));
  const warn: Log["warn"] = (message, fields) => void said.push(`${message} ${String(fields?.["cause"])}`);
  return kubeCredentials(load, clock, { warn });
}

async function authorization(source: CredentialSource): Promise<string | undefined> {
  return (await source.current()).headers["authorization"];
}
