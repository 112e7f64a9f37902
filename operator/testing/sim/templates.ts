/** People who make PodTemplates, change them, and take them away for a while. */
import type { Site } from "./site.ts";

/** The PodTemplate of one TaskRun, by the TaskRun's name. Times in milliseconds since the world began. */
export interface BasePlan {
  readonly fromMs: number;
  readonly editedAtMs?: number;
  /** Not there in this span. */
  readonly away?: readonly [fromMs: number, toMs: number];
}

/** On every pod that is made from it. */
export const BASE_LABEL = "sim/base";

const NAME = "user";

export function planTemplate(site: Site, key: string, { fromMs, editedAtMs, away }: BasePlan): void {
  const [namespace = "", name = ""] = key.split("/");
  const collection = `/api/v1/namespaces/${namespace}/podtemplates`;
  const object = (edition: string): object => ({
    apiVersion: "v1",
    kind: "PodTemplate",
    metadata: { name, namespace },
    template: templateOf(name, edition),
  });
  const send = (method: "POST" | "PUT" | "DELETE", path: string, body?: object): void => {
    const { status } = site.server.handle({ method, path, ...(body && { body }), timeoutMs: 0 }, NAME);
    site.trace.note(NAME, `${method} ${path} -> ${status}`);
  };
  site.clock.after(fromMs, () => send("POST", collection, object("first")));
  if (editedAtMs !== undefined) {
    site.clock.after(editedAtMs, () => send("PUT", `${collection}/${name}`, object("second")));
  }
  if (away !== undefined) {
    site.clock.after(away[0], () => send("DELETE", `${collection}/${name}`));
    site.clock.after(away[1], () => send("POST", collection, object("third")));
  }
}

/** As the API server shows it: with a restart policy that nobody wrote. */
function templateOf(name: string, edition: string): unknown {
  const main = { name: "main", image: `registry.example/base-${edition}:1`, command: ["/task"] };
  return { metadata: { labels: { [BASE_LABEL]: name } }, spec: { restartPolicy: "Always", containers: [main] } };
}
