/**
 * Who the operators of the tests are: a service account that has the rights of manifests/ and no other, so that every test
 * also shows that those rights suffice, and the audit log which of them were used.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Access } from "./access.ts";
import { asUser } from "./credentials.ts";
import { Kubectl } from "./kubectl.ts";
import { boundTo, parseObjects, STINT, type Account, type KubeObject } from "./rights.ts";

/** Not the operator's own name: some tests install that one, and remove it. */
export const OPERATORS: Account = { name: "operator", namespace: "stint-e2e" };

const MANIFESTS = join(import.meta.dirname, "../../manifests");
/** Longer than any run of the tests. */
const TOKEN_LIFE = "12h";

/** What a kustomization of manifests/ prints, as objects, and the rights of the component that serves metrics by TLS. */
export async function shippedObjects(kubectl: Kubectl, folder = ""): Promise<readonly KubeObject[]> {
  const metrics = await readFile(join(MANIFESTS, "metrics/rights.yaml"), "utf8");
  return [...parseObjects(await kubectl.run(["kustomize", join(MANIFESTS, folder)])), ...parseObjects(metrics)];
}

/** Grants the rights and returns the kubeconfig of the account. A cluster that was given is left as it is: there it is its owner. */
export async function operatorKubeconfig(access: Access): Promise<string> {
  const { dir, kubeconfig } = access;
  if (dir === undefined) return kubeconfig;
  const kubectl = new Kubectl(access, OPERATORS.namespace);
  const bound = boundTo(await shippedObjects(kubectl), STINT);
  const name = OPERATORS.namespace;
  const rbac = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name } };
  const role = { ...rbac, kind: "ClusterRole", rules: bound.flatMap(({ rules }) => rules) };
  const binding = {
    ...rbac,
    kind: "ClusterRoleBinding",
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    subjects: [{ kind: "ServiceAccount", ...OPERATORS }],
  };
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: OPERATORS.name, namespace: name } };
  const items = [namespace, account, role, binding];
  await kubectl.run(["apply", "-f", "-"], { input: { apiVersion: "v1", kind: "List", items } });
  const token = (await kubectl.run(["create", "token", OPERATORS.name, `--duration=${TOKEN_LIFE}`])).trim();
  const copy = join(dir, "config", "operators.kubeconfig");
  await asUser(kubeconfig, { token }, copy);
  return copy;
}
