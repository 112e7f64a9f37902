/** Kubeconfigs for other users than the administrator. */
import { readFile, writeFile } from "node:fs/promises";
import { dump, load } from "js-yaml";

interface ClusterFields {
  readonly server: string;
  readonly "certificate-authority-data"?: string;
}

interface KubeConfigFile {
  readonly clusters: readonly { readonly name: string; readonly cluster: ClusterFields }[];
}

/** How a user shows who they are, in the words of a kubeconfig. */
export type UserFields = { readonly token: string } | { readonly tokenFile: string };

/** The API server of a kubeconfig with one cluster. */
export async function serverOf(kubeconfig: string): Promise<URL> {
  return new URL((await read(kubeconfig)).clusters[0]?.cluster.server ?? "");
}

/** The API server of a kubeconfig with one cluster, and who signed its certificate, as PEM. */
export async function clusterOf(kubeconfig: string): Promise<{ readonly server: URL; readonly authority: string }> {
  const cluster = (await read(kubeconfig)).clusters[0]?.cluster;
  const authority = Buffer.from(cluster?.["certificate-authority-data"] ?? "", "base64").toString();
  return { server: new URL(cluster?.server ?? ""), authority };
}

/** Writes a copy that reaches the cluster through another server, of another authority (PEM). */
export async function throughServer(
  kubeconfig: string,
  { server, authority }: { readonly server: string; readonly authority: string },
  copy: string,
): Promise<void> {
  const config = await read(kubeconfig);
  const cluster: ClusterFields = { server, "certificate-authority-data": Buffer.from(authority).toString("base64") };
  await writeFile(copy, dump({ ...config, clusters: config.clusters.map((entry) => ({ ...entry, cluster })) }), {
    mode: 0o600,
  });
}

/** Writes a copy that reaches the cluster through another port of this machine. */
export async function throughPort(kubeconfig: string, port: number, copy: string): Promise<void> {
  const config = await read(kubeconfig);
  const clusters = config.clusters.map((entry) => {
    return { ...entry, cluster: { ...entry.cluster, server: `https://127.0.0.1:${port}` } };
  });
  await writeFile(copy, dump({ ...config, clusters }), { mode: 0o600 });
}

/** Writes a kubeconfig of the same cluster for another user. */
export async function asUser(kubeconfig: string, user: UserFields, copy: string): Promise<void> {
  const { clusters } = await read(kubeconfig);
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters,
    users: [{ name: "user", user }],
    contexts: [{ name: "user", context: { cluster: clusters[0]?.name, user: "user" } }],
    "current-context": "user",
  };
  await writeFile(copy, dump(config), { mode: 0o600 });
}

async function read(kubeconfig: string): Promise<KubeConfigFile> {
  return load(await readFile(kubeconfig, "utf8")) as KubeConfigFile;
}
