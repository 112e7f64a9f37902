import { describe, expect, it } from "vitest";
import type { ApiPort, ApiRequest, ApiResponse, Log } from "../api/port.ts";
import { systemClock } from "./clock.ts";
import { installCrd, missingCrds, readCrds } from "./crds.ts";

const NAME = "things.example.dev";

describe("installing a definition", () => {
  it("creates it when there is none, and waits until it is served", async () => {
    const server = new CrdServer();
    await install(server, aCrd(), "1.0.0");

    expect(server.writes).toEqual(["POST"]);
    expect(server.lines).toEqual(["custom resource definition created"]);
  });

  it("writes nothing when it is up to date, though the server added defaults", async () => {
    const server = new CrdServer();
    await install(server, aCrd(), "1.0.0");
    await install(server, aCrd(), "1.0.0");

    expect(server.writes).toEqual(["POST"]);
    expect(server.lines.at(-1)).toBe("custom resource definition up to date");
  });

  it("updates it when the file has changed, and keeps other people's annotations", async () => {
    const server = new CrdServer();
    await install(server, aCrd(), "1.0.0");
    server.stored!["metadata"]["annotations"]!["team"] = "a";
    await install(server, aCrd({ description: "new" }), "1.1.0");

    expect(server.writes).toEqual(["POST", "PUT"]);
    expect(server.stored!["metadata"]["annotations"]).toMatchObject({ team: "a", "stint.dev/crd-written-by": "1.1.0" });
  });

  it("puts right what was edited by hand", async () => {
    const server = new CrdServer();
    await install(server, aCrd(), "1.0.0");
    server.stored!["spec"]["names"] = { plural: "things", kind: "Edited" };
    await install(server, aCrd(), "1.0.0");

    expect(server.writes).toEqual(["POST", "PUT"]);
  });

  it("leaves a definition written by a newer version alone, and says so", async () => {
    const server = new CrdServer();
    await install(server, aCrd({ description: "new" }), "1.10.0");
    await install(server, aCrd(), "1.9.0");

    expect(server.writes).toEqual(["POST"]);
    expect(server.lines.at(-1)).toBe("custom resource definition left alone");
  });

  it("updates what a candidate of its own release wrote", async () => {
    const server = new CrdServer();
    await install(server, aCrd({ description: "old" }), "0.2.0-rc.1");
    await install(server, aCrd(), "0.2.0");

    expect(server.writes).toEqual(["POST", "PUT"]);
  });

  it("leaves a definition alone that serves a version we do not know", async () => {
    const server = new CrdServer();
    await install(server, aCrd({}, ["v1", "v2"]), "1.0.0");
    await install(server, aCrd({}, ["v1"]), "1.0.0");

    expect(server.writes).toEqual(["POST"]);
  });

  it("looks again when somebody was quicker", async () => {
    const server = new CrdServer();
    server.conflicts = 2;
    await install(server, aCrd(), "1.0.0");

    expect(server.writes).toEqual(["POST", "POST", "POST"]);
  });

  it("gives up when somebody is always quicker", async () => {
    const server = new CrdServer();
    server.conflicts = 100;

    await expect(install(server, aCrd(), "1.0.0")).rejects.toThrow(/somebody else keeps changing it/);
  });

  it("names the refusal", async () => {
    const server = new CrdServer();
    server.refuse = { status: 403, body: { message: "not allowed" } };

    await expect(install(server, aCrd(), "1.0.0")).rejects.toThrow("read things.example.dev: status 403: not allowed");
  });
});

describe("missing definitions", () => {
  const [crd] = [{ name: NAME, group: "example.dev", plural: "things", versions: ["v1"], object: {} }];

  it.each<[string, ApiResponse, string[]]>([
    ["the group is unknown", { status: 404, body: {} }, [`${NAME} (v1)`]],
    ["the group has other resources", { status: 200, body: { resources: [{ name: "others" }] } }, [`${NAME} (v1)`]],
    ["all is there", { status: 200, body: { resources: [{ name: "things" }] } }, []],
  ])("when %s", async (_name, reply, want) => {
    expect(
      await missingCrds(
        [crd],
        apiOf(() => reply),
      ),
    ).toEqual(want);
  });

  it("are not reported when the server does not say", async () => {
    const api = apiOf(() => ({ status: 503, body: { message: "starting" } }));

    await expect(missingCrds([crd], api)).rejects.toThrow("discovery: status 503: starting");
    await expect(
      missingCrds(
        [crd],
        apiOf(() => ({ status: 401, body: {} })),
      ),
    ).rejects.toThrow(/our credentials/);
  });
});

it("reads the definitions of this repository", () => {
  const names = readCrds(new URL("../../crds", import.meta.url).pathname).map((crd) => crd.name);

  expect(names).toContain("taskruns.stint.dev");
});

interface Stored {
  metadata: { annotations?: Record<string, string>; resourceVersion?: string };
  spec: Record<string, unknown>;
  status?: unknown;
}

/** Holds one definition and answers as the API server does. */
class CrdServer {
  stored: Stored | undefined;
  conflicts = 0;
  refuse: ApiResponse | undefined;
  readonly writes: string[] = [];
  readonly lines: string[] = [];

  answer(request: ApiRequest): ApiResponse {
    if (this.refuse !== undefined) return this.refuse;
    if (request.method === "GET") return this.stored ? { status: 200, body: this.stored } : { status: 404, body: {} };
    this.writes.push(request.method);
    if (this.conflicts-- > 0) return { status: 409, body: {} };
    const stored = structuredClone(request.body) as Stored;
    if (request.method === "PUT" && stored.metadata.resourceVersion !== "7") return { status: 422, body: {} };
    stored.metadata.resourceVersion = "7";
    stored.spec["conversion"] = { strategy: "None" };
    stored.status = { conditions: [{ type: "Established", status: "True" }] };
    this.stored = stored;
    return { status: request.method === "POST" ? 201 : 200, body: stored };
  }
}

function apiOf(answer: (request: ApiRequest) => ApiResponse): ApiPort {
  return { request: async (request) => answer(request), stream: () => Promise.reject(new Error("no watch")) };
}

function install(server: CrdServer, crd: unknown, version: string): Promise<void> {
  const note = (line: string): void => void server.lines.push(line);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  return installCrd(crd, { api: apiOf((request) => server.answer(request)), clock: systemClock(), log, version });
}

function aCrd(spec: object = {}, versions: string[] = ["v1"]): unknown {
  const names = { plural: "things", kind: "Thing" };
  const served = versions.map((name) => ({ name, served: true, storage: name === "v1" }));
  const object = { kind: "CustomResourceDefinition", metadata: { name: NAME } };
  return { ...object, spec: { group: "example.dev", names, versions: served, ...spec } };
}
