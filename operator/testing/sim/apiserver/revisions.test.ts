import { describe, expect, it } from "vitest";
import { Random } from "../random.ts";
import { Client } from "./client.ts";
import { WatchHub } from "./watch.ts";

const REVISIONS = "/apis/apps/v1/namespaces/default/controllerrevisions";
const ALL = "/apis/apps/v1/controllerrevisions";

function aRevision(name: string, fields: object = {}): object {
  const metadata = { name, labels: { "stint.dev/workflow": "w" } };
  const data = { spec: { tasks: [] } };
  return { apiVersion: "apps/v1", kind: "ControllerRevision", metadata, revision: 3, data, ...fields };
}

describe("a ControllerRevision", () => {
  it("is stored with its data and its number, and has no generation", () => {
    const { status, body } = new Client().send("POST", REVISIONS, aRevision("a"));
    expect([status, body]).toMatchObject([201, { revision: 3, data: { spec: { tasks: [] } } }]);
    expect(body.metadata).not.toHaveProperty("generation");
  });

  it("keeps its data for ever; its number and labels may change", () => {
    const client = new Client();
    client.send("POST", REVISIONS, aRevision("a"));
    const { status, body } = client.send("PUT", `${REVISIONS}/a`, aRevision("a", { data: { other: 1 } }));
    expect([status, body.message]).toEqual([
      422,
      'ControllerRevision.apps "a" is invalid: data: Invalid value: field is immutable',
    ]);
    const { body: renumbered } = client.send("PUT", `${REVISIONS}/a`, aRevision("a", { revision: 4 }));
    expect(renumbered).toMatchObject({ revision: 4, data: { spec: { tasks: [] } } });
    expect(client.send("PATCH", `${REVISIONS}/a`, { data: { spec: { tasks: [1] } } }).status).toBe(422);
    expect(client.send("PATCH", `${REVISIONS}/a`, { metadata: { labels: { a: "b" } } }).status).toBe(200);
  });

  it.each([
    ["without data", { data: undefined }],
    ["with a negative number", { revision: -1 }],
  ])("is refused %s", (_case, fields) => {
    expect(new Client().send("POST", REVISIONS, aRevision("a", fields)).status).toBe(422);
  });

  it("has no status", () => {
    const client = new Client();
    client.send("POST", REVISIONS, aRevision("a"));
    expect(client.send("PUT", `${REVISIONS}/a/status`, aRevision("a")).status).toBe(404);
  });

  it("is deleted at once, or kept for its dependents", () => {
    const client = new Client();
    client.send("POST", REVISIONS, aRevision("a"));
    client.send("POST", REVISIONS, aRevision("b"));
    const { body } = client.send("DELETE", `${REVISIONS}/a`);
    expect([body.status, client.send("GET", `${REVISIONS}/a`).status]).toEqual(["Success", 404]);
    const marked = client.send("DELETE", `${REVISIONS}/b`, { propagationPolicy: "Foreground" });
    expect(marked.body.metadata.finalizers).toEqual(["foregroundDeletion"]);
  });
});

describe("of what is asked for as metadata only", () => {
  it("a list shows that, in pages, and selected by label", () => {
    const client = new Client();
    client.send("POST", REVISIONS, aRevision("a"));
    client.send("POST", REVISIONS, aRevision("other", { metadata: { name: "other" } }));
    const query = { labelSelector: "stint.dev/workflow", limit: "5" };
    const request = { method: "GET", path: ALL, query, metadataOnly: true, timeoutMs: 0 } as const;
    const { body } = client.server.handle(request, "test") as { readonly body: Record<string, unknown> };
    expect(body).toMatchObject({ apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadataList" });
    const metadata: unknown = expect.objectContaining({ name: "a", labels: { "stint.dev/workflow": "w" } });
    expect(body["items"]).toEqual([{ apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadata", metadata }]);
  });

  it("a single object shows that", () => {
    const client = new Client();
    client.send("POST", REVISIONS, aRevision("a"));
    expect(Object.keys(client.metadataOf(`${REVISIONS}/a`))).toEqual(["apiVersion", "kind", "metadata"]);
  });

  it("a watch shows that, in its bookmarks too", () => {
    const client = new Client();
    client.send("POST", REVISIONS, aRevision("a"));
    const hub = new WatchHub(client.server, {
      initialEvents: true,
      goneAs: () => "status",
      after: () => () => undefined,
      random: new Random("order"),
    });
    const lines: unknown[] = [];
    const query = {
      watch: "true",
      sendInitialEvents: "true",
      resourceVersionMatch: "NotOlderThan",
      allowWatchBookmarks: "true",
      labelSelector: "stint.dev/workflow",
    };
    hub.open(
      { method: "GET", path: ALL, query, metadataOnly: true, timeoutMs: 0 },
      { line: (text) => lines.push(JSON.parse(text)), end: () => undefined },
    );
    client.send("DELETE", `${REVISIONS}/a`);
    const partial = { apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadata" };
    expect(lines).toMatchObject([
      { type: "ADDED", object: { ...partial, metadata: { name: "a" } } },
      { type: "BOOKMARK", object: { ...partial, metadata: { annotations: { "k8s.io/initial-events-end": "true" } } } },
      { type: "DELETED", object: { ...partial, metadata: { name: "a" } } },
    ]);
    expect(JSON.stringify(lines)).not.toContain('"data"');
  });
});
