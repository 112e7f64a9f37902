/** One pair, merged by the API server and by us. */
import { isDeepStrictEqual } from "node:util";
import { mergeTemplates } from "../../operator/decide/template.ts";
import { TemplateError } from "../../operator/decide/templateerror.ts";
import type { Client } from "../support/client.ts";
import type { Json } from "./words.ts";

export const STRATEGIC = "application/strategic-merge-patch+json";

/** A PodTemplate as the server stores it, with all its defaults. */
export interface PodTemplate {
  readonly metadata: { readonly name: string };
  readonly template: Json;
}

/** What became of a pair: how the two agree, or in which way they do not. */
export type Verdict =
  | { readonly is: "merged" | "refused" | "refused if strict" }
  | { readonly is: "different"; readonly server: unknown; readonly ours: unknown };

export function podTemplatesPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/podtemplates`;
}

/**
 * Both merge the patch into the stored template. What we merged is sent as a new template, so that the server's defaults and
 * judgement come to both. We may refuse only what the server refuses too, at least if it is asked to be strict.
 */
export async function compare(client: Client, path: string, stored: PodTemplate, patch: Json): Promise<Verdict> {
  const server = await patched(client, `${path}/${stored.metadata.name}?dryRun=All`, patch);
  const merged = tried(stored.template, patch);
  if (merged instanceof TemplateError) {
    if (server.status >= 300) return { is: "refused" };
    const strict = await patched(client, `${path}/${stored.metadata.name}?dryRun=All&fieldValidation=Strict`, patch);
    return strict.status >= 300
      ? { is: "refused if strict" }
      : { is: "different", server: server.body, ours: merged.message };
  }
  const ours = await client.send<PodTemplate>("POST", `${path}?dryRun=All`, {
    metadata: { name: "merged" },
    template: merged,
  });
  if (server.status >= 300 && ours.status >= 300) return { is: "refused" };
  const same = server.status < 300 && ours.status < 300 && isDeepStrictEqual(server.body.template, ours.body.template);
  return same ? { is: "merged" } : { is: "different", server: server.body, ours: ours.body };
}

export async function patched(client: Client, path: string, patch: Json): ReturnType<typeof client.send<PodTemplate>> {
  return await client.send<PodTemplate>("PATCH", path, { template: patch }, STRATEGIC);
}

/** Any other error is a bug, and ends the test. */
function tried(base: Json, patch: Json): Json | TemplateError {
  try {
    return mergeTemplates(base, patch);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
}
