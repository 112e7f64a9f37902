import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Client } from "./client.ts";
import { untilAll } from "./waiting.ts";

it("says which error kept it from seeing what it waited for", async ({ onTestFinished }) => {
  const folder = await mkdtemp(join(tmpdir(), "stint-waiting-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const config = {
    clusters: [{ name: "none", cluster: { server: "https://127.0.0.1:1" } }],
    contexts: [{ name: "none", context: { cluster: "none", user: "nobody" } }],
    users: [{ name: "nobody", user: {} }],
    "current-context": "none",
  };
  await writeFile(join(folder, "config"), JSON.stringify(config));
  const client = new Client(join(folder, "config"));
  const waiting = untilAll(client, "/api/v1/pods", () => true, { what: "any pods", limitMs: 300 });

  await expect(waiting).rejects.toThrow(/^waited 0.3 s for any pods; last seen: nothing; then: .*ECONNREFUSED/);
});
