/** What a pod is made of: the templates that apply to a TaskRun, found in the stores, and the pod they make. */
import type { Cluster } from "../act/cluster.ts";
import { ApiError } from "../act/errors.ts";
import { object } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import type { Defaults } from "../api/defaults.ts";
import { TASKRUNS } from "../api/paths.ts";
import { NAMESPACE_TEMPLATE } from "../api/names.ts";
import { POD_TEMPLATE_KEPT_CHARS } from "../api/records.ts";
import type { PodTemplateRecord, TaskRunRecord } from "../api/records.ts";
import { templateOf } from "../api/taskrun.ts";
import { workHash } from "../api/work.ts";
import type { LackingTemplate } from "../decide/taskrun/facts.ts";
import { buildPod } from "../decide/taskrun/pod.ts";
import type { PodWish } from "../decide/taskrun/pod.ts";
import { composeTemplate } from "../decide/template.ts";
import { TemplateError } from "../decide/templateerror.ts";
import type { Store } from "../watch/store.ts";

export interface ManifestRoom {
  readonly cluster: Cluster;
  readonly templates: Store<PodTemplateRecord>;
  /** Why no PodTemplate can be known, in the server's words; undefined: they are. */
  readonly templatesRefused: () => string | undefined;
  readonly defaults: Defaults;
}

/** What a TaskRun itself says of its pods. */
interface Own {
  readonly template: unknown;
  readonly base: string | undefined;
}

export class Manifests {
  readonly #room: ManifestRoom;

  constructor(room: ManifestRoom) {
    this.#room = room;
  }

  /** The PodTemplate that a TaskRun cannot do without and that is not there. */
  lacking({ namespace, spec }: TaskRunRecord): LackingTemplate | undefined {
    const name = spec.podTemplateRef?.name;
    if (name === undefined || this.#template(namespace, name) !== undefined) return undefined;
    const refused = this.#room.templatesRefused();
    return { name, ...(refused !== undefined && { refused }) };
  }

  /** @throws TemplateError, ApiError */
  async build(taskRun: TaskRunRecord, pod: PodWish): Promise<Json> {
    const own = await this.#own(taskRun);
    const common = this.#template(taskRun.namespace, NAMESPACE_TEMPLATE);
    const { podTemplate } = this.#room.defaults;
    const template = composeTemplate({
      ...(podTemplate && { operatorDefault: podTemplate }),
      ...(common && { namespaceDefault: contentOf(common) }),
      ...(own.base !== undefined && { base: { name: own.base, template: this.#base(taskRun, own.base) } }),
      ...(own.template !== undefined && { own: own.template }),
    });
    return buildPod(taskRun, pod, template);
  }

  async #own(taskRun: TaskRunRecord): Promise<Own> {
    const { template, work, spec } = taskRun;
    const base = spec.podTemplateRef?.name;
    if (template !== undefined) return { template: JSON.parse(template) ?? undefined, base };
    const fresh = await this.#room.cluster.get(TASKRUNS, taskRun);
    const metadata = object(object(fresh)["metadata"]);
    if (metadata["uid"] !== taskRun.uid || metadata["deletionTimestamp"] !== undefined) {
      // Deleted, perhaps made again under its name; the store will show it.
      throw new ApiError("gone", "the TaskRun was deleted", { code: 404, retryAfterMs: 0 });
    }
    // A pod of a work that the store does not know yet would look like one of an old work, and be stopped.
    if (workHash(object(object(fresh)["spec"])) !== work) throw changed();
    return { template: templateOf(fresh), base };
  }

  #base({ namespace }: TaskRunRecord, name: string): unknown {
    const record = this.#template(namespace, name);
    if (record !== undefined) return contentOf(record);
    // The plan had its template, so the TaskRun names another one by now; the store will show it.
    throw changed();
  }

  #template(namespace: string, name: string): PodTemplateRecord | undefined {
    return this.#room.templates.get(`${namespace}/${name}`);
  }
}

/** The store will show it; then the plan is made anew. */
function changed(): ApiError {
  return new ApiError("conflict", "the TaskRun was changed", { code: 409, retryAfterMs: 0 });
}

/** @throws TemplateError */
function contentOf({ name, template }: PodTemplateRecord): unknown {
  if (template !== undefined) return JSON.parse(template);
  throw new TemplateError(
    `PodTemplate ${name} has more than ${POD_TEMPLATE_KEPT_CHARS} characters of JSON, too many for a pod`,
  );
}
