/** What manifests grant, and what was used of it, in the same words: `create pods`, `update stint.dev/taskruns/status`. */
import { loadAll } from "js-yaml";
import type { AuditEntry } from "../cluster/cluster.ts";

/** The fields we read of what a kustomization prints. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

export interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** A role that is bound to an account, and where it counts: in one namespace, or everywhere. */
export interface Bound {
  readonly role: string;
  readonly namespace: string | undefined;
  readonly rules: readonly Rule[];
}

export interface Account {
  readonly name: string;
  readonly namespace: string;
}

/** Who the operator is as manifests/ say. */
export const STINT: Account = { name: "stint", namespace: "stint-system" };

export function parseObjects(yaml: string): readonly KubeObject[] {
  return loadAll(yaml).filter((one): one is KubeObject => typeof one === "object" && one !== null);
}

/** The roles that bindings among the objects give to the account. @throws when a bound role is not among them */
export function boundTo(objects: readonly KubeObject[], account: Account): readonly Bound[] {
  const bindings = objects.filter(({ subjects = [] }) =>
    subjects.some(({ kind, name, namespace }) => {
      return kind === "ServiceAccount" && name === account.name && namespace === account.namespace;
    }),
  );
  return bindings.map(({ kind, roleRef, metadata }) => {
    const namespace = kind === "ClusterRoleBinding" ? undefined : (metadata.namespace ?? "");
    const role = objects.find((one) => {
      const here = one.kind === "ClusterRole" || one.metadata.namespace === namespace;
      return one.kind === roleRef?.kind && one.metadata.name === roleRef.name && here;
    });
    if (role?.rules === undefined)
      throw new Error(`${metadata.name} binds ${roleRef?.name ?? "?"}, which is not there`);
    return { role: role.metadata.name, namespace, rules: role.rules };
  });
}

/** Every single right of the rules, in words. Of names of objects it says nothing. */
export function rightsOf(rules: readonly Rule[]): readonly string[] {
  return rules.flatMap(({ verbs, apiGroups = [], resources = [], nonResourceURLs = [] }) =>
    verbs.flatMap((verb) => [
      ...apiGroups.flatMap((group) => resources.map((resource) => inWords(verb, group, resource))),
      ...nonResourceURLs.map((url) => `${verb} ${url}`),
    ]),
  );
}

/** The right that a request needs; undefined where it asks what the server can do, which everybody may. */
export function rightUsed({ verb, objectRef }: AuditEntry): string | undefined {
  if (objectRef?.resource === undefined) return undefined;
  const { apiGroup = "", resource, subresource } = objectRef;
  return inWords(verb, apiGroup, subresource === undefined ? resource : `${resource}/${subresource}`);
}

function inWords(verb: string, group: string, resource: string): string {
  return `${verb} ${group === "" ? "" : `${group}/`}${resource}`;
}
