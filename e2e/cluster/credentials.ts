/** Keys, certificates and kubeconfigs of a cluster. */
import { mkdir, writeFile } from "node:fs/promises";
import { dump } from "js-yaml";
import { issue, newAuthority, newKeys, type Credential, type Subject } from "./certificates.ts";
import { paths, type Ports, type RealNode } from "./state.ts";

/** Names by which the API server may be called; the second is what pods on the host network use. */
const API_HOSTS = ["127.0.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "10.96.0.1"];
const MASTERS = "system:masters";

interface Place {
  readonly dir: string;
  readonly ports: Ports;
  readonly realNodes: readonly RealNode[];
}

/** Makes two authorities, one for Kubernetes and one that only etcd trusts, and everything they sign. */
export async function writeCredentials(place: Place, now: Date): Promise<void> {
  const { dir } = place;
  await mkdir(paths.pki(dir, ""), { recursive: true, mode: 0o700 });
  const [cluster, etcd] = [newAuthority("stint-local", now), newAuthority("stint-local-etcd", now)];
  await writePair(dir, "ca", cluster);
  await writePair(dir, "etcd-ca", etcd);
  await writePair(dir, "etcd", issue(etcd, { commonName: "etcd", hosts: ["127.0.0.1"] }, now));
  await writePair(dir, "server", issue(cluster, { commonName: "kube-apiserver", hosts: API_HOSTS }, now));
  const kubeletClient = { commonName: "kube-apiserver-kubelet-client", organization: MASTERS };
  await writePair(dir, "kubelet-client", issue(cluster, kubeletClient, now));
  for (const node of place.realNodes) {
    await writePair(dir, node.name, issue(cluster, { commonName: node.name, hosts: [node.address] }, now));
  }
  const keys = newKeys();
  await writeSecret(paths.pki(dir, "service-accounts.key"), keys.privateKey);
  await writeSecret(paths.pki(dir, "service-accounts.pub"), keys.publicKey);
  const server = `https://127.0.0.1:${place.ports.apiServer}`;
  for (const [name, subject] of usersOf(place)) {
    const user = issue(cluster, subject, now);
    if (name === "admin") await writePair(dir, "admin", user);
    const path = name === "admin" ? paths.kubeconfig(dir) : paths.config(dir, `${name}.kubeconfig`);
    await writeSecret(path, kubeconfig({ server, authority: cluster.certificate, user, name: subject.commonName }));
  }
}

interface Access {
  readonly server: string;
  readonly authority: string;
  readonly user: Credential;
  readonly name: string;
}

/** A kubeconfig with everything inside it, so that it can be copied elsewhere. */
export function kubeconfig(access: Access): string {
  return dump({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "stint-local",
    clusters: [
      {
        name: "stint-local",
        cluster: { server: access.server, "certificate-authority-data": base64(access.authority) },
      },
    ],
    users: [
      {
        name: access.name,
        user: {
          "client-certificate-data": base64(access.user.certificate),
          "client-key-data": base64(access.user.key),
        },
      },
    ],
    contexts: [{ name: "stint-local", context: { cluster: "stint-local", user: access.name } }],
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function usersOf(place: Place): ReadonlyMap<string, Subject> {
  return new Map<string, Subject>([
    ["admin", { commonName: "stint-admin", organization: MASTERS }],
    ["kube-controller-manager", { commonName: "system:kube-controller-manager" }],
    ["kube-scheduler", { commonName: "system:kube-scheduler" }],
    ["kwok", { commonName: "kwok", organization: MASTERS }],
    ...place.realNodes.map(({ name }): [string, Subject] => [
      `kubelet-${name}`,
      { commonName: `system:node:${name}`, organization: "system:nodes" },
    ]),
  ]);
}

async function writePair(dir: string, name: string, pair: Credential): Promise<void> {
  await writeSecret(paths.pki(dir, `${name}.crt`), pair.certificate);
  await writeSecret(paths.pki(dir, `${name}.key`), pair.key);
}

async function writeSecret(path: string, content: string): Promise<void> {
  await writeFile(path, content, { mode: 0o600 });
}
