/**
 * What `helm test` runs, in a pod of the operator's image: one TaskRun from its creation to its end, with no more rights than it
 * takes to create, read and delete one. It prints what it does, and when something is wrong, what to look at.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Kubernetes mounts who the pod is here. */
const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
/** Longer than a node takes to start a pod whose image it has; an operator that does not work is told within it. */
const LIMIT_MS = 120_000;
const POLL_MS = 500;

interface TaskRun {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly phase?: string; readonly conditions?: readonly Condition[] };
}

interface Condition {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

/** The API server's answer, or an error that says which call it refused and why. */
async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const host = variable("KUBERNETES_SERVICE_HOST");
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${variable("KUBERNETES_SERVICE_PORT")}`;
  const response = await fetch(server + path, {
    method,
    headers: {
      authorization: `Bearer ${readFileSync(`${ACCOUNT}/token`, "utf8").trim()}`,
      "content-type": "application/json",
    },
    signal: AbortSignal.timeout(LIMIT_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as T;
  throw new Error(`${method} ${path} was answered with ${response.status}: ${text}`);
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`the variable ${name} is not set`);
  return value;
}

async function check(): Promise<void> {
  const namespace = variable("CHECK_NAMESPACE");
  const path = `/apis/stint.dev/v1alpha1/namespaces/${namespace}/taskruns`;
  const wanted = JSON.parse(readFileSync(new URL("taskrun.json", import.meta.url), "utf8")) as unknown;
  const { name } = (await call<TaskRun>("POST", path, wanted)).metadata;
  console.log(`created TaskRun ${name} in namespace ${namespace}`);
  try {
    await succeeds(`${path}/${name}`);
  } finally {
    await call("DELETE", `${path}/${name}`);
    console.log("deleted it");
  }
}

async function succeeds(path: string): Promise<void> {
  let shown = "";
  for (const endMs = performance.now() + LIMIT_MS; performance.now() < endMs; await sleep(POLL_MS)) {
    const { status } = await call<TaskRun>("GET", path);
    const line = told(status);
    if (line !== shown) console.log(line);
    shown = line;
    if (status?.phase === "Succeeded") return;
    if (status?.phase === "Failed") throw new Error(`the task failed: ${line}`);
  }
  throw new Error(
    `it did not end within ${LIMIT_MS / 1000} s; at last: ${shown}. Look at the operator: kubectl get pods, kubectl logs deployment/stint`,
  );
}

/** The phase, and why: "Pending, ImagePullFailed: ...". */
function told(status: TaskRun["status"]): string {
  const phase = status?.phase ?? "no status yet";
  const why = status?.conditions?.find(({ type }) => type === "Succeeded");
  return why === undefined ? phase : `${phase}, ${why.reason}: ${why.message}`;
}

try {
  await check();
  console.log("Stint works");
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
