import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { KubeConfig, type Cluster, type User } from "@kubernetes/client-node";
import { load } from "js-yaml";

/** No usable cluster in the settings. The message tells what to do. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
}

/** What the port needs of a KubeConfig. */
export interface ClusterSettings {
  readonly kubeConfig: KubeConfig;
  readonly cluster: Cluster;
  readonly user: User;
}

/** client-node falls back to http://localhost:8080 under this context name when it finds nothing at all. */
const FALLBACK_CONTEXT = "loaded-context";

/** A kubeconfig is a page of text; a plugin's error beyond this length says nothing more. */
const CAUSE_LIMIT_CHARS = 300;

/**
 * Finds the cluster as kubectl does: $KUBECONFIG, ~/.kube/config, then the service account of the pod we run in.
 * @throws ClusterError
 */
export function loadCluster(context: string | undefined, kubeconfigPath: string | undefined): ClusterSettings {
  const kubeConfig = new KubeConfig();
  try {
    kubeConfig.loadFromDefault();
  } catch (error) {
    throw new ClusterError(`the kubeconfig cannot be read (${kubeconfigPath ?? "~/.kube/config"}): ${causeOf(error)}`);
  }
  if (context === undefined && kubeConfig.getCurrentContext() === FALLBACK_CONTEXT) {
    throw new ClusterError(
      "no cluster: set KUBECONFIG or --kubeconfig, or run inside a cluster; `make up` starts a local one",
    );
  }
  return settingsOf(kubeConfig, context, kubeconfigPath);
}

/** The settings of one context of a KubeConfig. @throws ClusterError */
export function settingsOf(
  kubeConfig: KubeConfig,
  context: string | undefined,
  kubeconfigPath: string | undefined,
): ClusterSettings {
  if (context !== undefined) kubeConfig.setCurrentContext(context);
  const name = kubeConfig.getCurrentContext();
  if (!kubeConfig.getContexts().some((known) => known.name === name)) {
    const known = kubeConfig.getContexts().map((one) => one.name);
    throw new ClusterError(`the kubeconfig has no context "${name}"; it has: ${known.join(", ") || "none"}`);
  }
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null) throw new ClusterError(`the context "${name}" names a cluster the kubeconfig does not have`);
  checkServer(cluster);
  const user = withTokenFile(kubeConfig.getCurrentUser() ?? { name: "anonymous" }, kubeconfigPath);
  return { kubeConfig: user === kubeConfig.getCurrentUser() ? kubeConfig : single(cluster, user), cluster, user };
}

/** A short cause for a message: one line, bounded. */
export function causeOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return (text.split("\n", 1)[0] ?? "").slice(0, CAUSE_LIMIT_CHARS);
}

function checkServer(cluster: Cluster): void {
  if (cluster.proxyUrl !== undefined) {
    throw new ClusterError(
      `the cluster "${cluster.name}" asks for the proxy of proxy-url, which Stint does not support`,
    );
  }
  const url = URL.parse(cluster.server);
  if (url === null || !["https:", "http:"].includes(url.protocol)) {
    throw new ClusterError(`the cluster "${cluster.name}" has no usable server address: "${cluster.server}"`);
  }
}

function single(cluster: Cluster, user: User): KubeConfig {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromClusterAndUser(cluster, user);
  return kubeConfig;
}

/** client-node overlooks `tokenFile` of a kubeconfig's user; it has an authenticator for such files, which we name. */
function withTokenFile(user: User, kubeconfigPath: string | undefined): User {
  if (kubeconfigPath === undefined || user.token !== undefined || user.authProvider !== undefined) return user;
  for (const path of kubeconfigPath.split(":").filter((part) => part !== "")) {
    const tokenFile = tokenFileOf(load(readFileSync(path, "utf8")), user.name);
    if (tokenFile === undefined) continue;
    const absolute = isAbsolute(tokenFile) ? tokenFile : join(dirname(path), tokenFile);
    return { ...user, authProvider: { name: "tokenFile", config: { tokenFile: absolute } } };
  }
  return user;
}

function tokenFileOf(kubeconfig: unknown, userName: string): string | undefined {
  const users = field(kubeconfig, "users");
  if (!Array.isArray(users)) return undefined;
  const entry: unknown = users.find((one) => field(one, "name") === userName);
  const tokenFile = field(field(entry, "user"), "tokenFile");
  return typeof tokenFile === "string" ? tokenFile : undefined;
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}
