/**
 * Templates are merged as the API server merges them, and by the merge keys it has.
 *
 * MERGE_SEED   other random templates
 * MERGE_PAIRS  how many pairs of template and patch are compared
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeTemplates } from "../operator/decide/template.ts";
import { TemplateError } from "../operator/decide/templateerror.ts";
import { extract, readExtract, type OpenApi } from "../openapi/extract.ts";
import { compare, patched, podTemplatesPath, type PodTemplate, type Verdict } from "./merge/compare.ts";
import { FULL, ODD, WRONG } from "./merge/oddities.ts";
import { cases, type Case } from "./merge/templates.ts";
import type { Json } from "./merge/words.ts";
import { Room, needs } from "./support/room.ts";

const SEED = Number(process.env["MERGE_SEED"] ?? 1);
const PAIRS = Number(process.env["MERGE_PAIRS"] ?? 720);
/** One stored template serves several patches. */
const PATCHES_EACH = 6;
/** So many at once keep two cores busy. */
const AT_ONCE = 8;
const KUBECTL_PAIRS = 30;
/** kubectl is a process of its own each time. */
const KUBECTLS_AT_ONCE = 4;

describe("merging templates", () => {
  it("goes by the merge keys of the API server's own OpenAPI document", async (test) => {
    // A given cluster may have another version of Kubernetes, and other fields.
    needs(test, "own cluster");
    const room = await Room.open(test);
    const document = await room.client.call<OpenApi>("GET", "/openapi/v3/api/v1");

    expect(extract(document)).toEqual(readExtract());
  });

  it(`agrees with the API server on ${PAIRS} random pairs of seed ${SEED}`, async (test) => {
    const room = await Room.open(test);
    const path = podTemplatesPath(room.namespace);
    const counts = new Map<Verdict["is"], number>();
    const samples = fc.sample(cases(PATCHES_EACH), { seed: SEED, numRuns: Math.ceil(PAIRS / PATCHES_EACH) });
    await inParallel(samples, AT_ONCE, async ({ base, patches }, index) => {
      const stored = await store(room, base, `base-${index}`);
      for (const patch of patches) {
        const verdict = await compare(room.client, path, stored, patch);
        counts.set(verdict.is, (counts.get(verdict.is) ?? 0) + 1);
        expect(verdict.is === "different" ? told(stored.template, patch, verdict) : "").toBe("");
      }
    });
    console.log(`pairs of MERGE_SEED=${SEED}:`, Object.fromEntries(counts));

    expect(counts.get("merged") ?? 0).toBeGreaterThanOrEqual(PAIRS * 0.6);
    expect(counts.get("refused") ?? 0).toBeGreaterThanOrEqual(PAIRS * 0.03);
  });

  it.for(ODD)("agrees with the API server on %s", async ([, patch], test) => {
    const room = await Room.open(test);
    const stored = await store(room, FULL, "full");

    expect(await compare(room.client, podTemplatesPath(room.namespace), stored, patch)).toEqual({ is: "merged" });
  });

  it.for(WRONG)("refuses, as the API server does, %s", async ([, patch], test) => {
    const room = await Room.open(test);
    const stored = await store(room, FULL, "full");

    expect(() => mergeTemplates(stored.template, patch)).toThrow(TemplateError);
    expect(await compare(room.client, podTemplatesPath(room.namespace), stored, patch)).toEqual({ is: "refused" });
  });

  it(`is compared with what kubectl patch does: it sends the same, in ${KUBECTL_PAIRS} pairs`, async (test) => {
    const room = await Room.open(test);
    const path = podTemplatesPath(room.namespace);
    const samples = fc.sample(cases(1), { seed: SEED, numRuns: KUBECTL_PAIRS });
    let merged = 0;
    await inParallel(samples, KUBECTLS_AT_ONCE, async ({ base, patches: [patch = {}] }, index) => {
      const stored = await store(room, base, `base-${index}`);
      const { name } = stored.metadata;
      const words = ["patch", "podtemplate", name, "--type=strategic", "--dry-run=server", "-o", "json"];
      const kubectl = await room.kubectl.attempt([...words, "-p", JSON.stringify({ template: patch })]);
      const direct = await patched(room.client, `${path}/${name}?dryRun=All`, patch);

      if ((kubectl.code === 0) !== direct.status < 300) throw new Error(told(stored.template, patch, kubectl));
      if (kubectl.code !== 0) return;
      merged += 1;
      expect((JSON.parse(kubectl.stdout) as PodTemplate).template).toEqual(direct.body.template);
    });

    expect(merged).toBeGreaterThanOrEqual(KUBECTL_PAIRS / 2);
  });
});

/** The template as a user creates it; a random one that the server refuses is a mistake of the generator. */
async function store(room: Room, template: Json, name: string): Promise<PodTemplate> {
  return await room.client.call<PodTemplate>("POST", podTemplatesPath(room.namespace), {
    metadata: { name },
    template,
  });
}

/** Everything needed to see it again. */
function told(base: Json, patch: Json, got: unknown): string {
  return [`MERGE_SEED=${SEED}`, ...[base, patch, got].map((one) => JSON.stringify(one))].join("\n");
}

async function inParallel(
  all: readonly Case[],
  lanes: number,
  each: (one: Case, index: number) => Promise<void>,
): Promise<void> {
  const waiting = [...all.entries()];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await each(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
