/** The control plane: which processes it is and with which settings, as values. */
import { join } from "node:path";
import { paths, type Component, type Ports } from "./state.ts";

/** Far above what one machine does: a benchmark must find the operator's limit, not this one. */
const CLIENT_RATE = ["--kube-api-qps=5000", "--kube-api-burst=10000"];
/** Only virtual: without kube-proxy nothing routes it. */
const SERVICE_NETWORK = "10.96.0.0/16";
const AUDIT_LOG_MB = 2048;
const ETCD_QUOTA_BYTES = 4 * 1024 ** 3;

export interface ControlPlane {
  readonly dir: string;
  readonly bin: string;
  readonly ports: Ports;
  /** Without controllers there are no service accounts, and the admission that wants them is switched off. */
  readonly apiOnly: boolean;
  /** Kubernetes' own unless given. */
  readonly nodeLossSeconds?: number;
}

/** The processes of the control plane, in the order in which they need each other. */
export function controlPlane(plane: ControlPlane): Component[] {
  const first = [etcd(plane), apiServer(plane)];
  return plane.apiOnly ? first : [...first, controllerManager(plane), scheduler(plane)];
}

/**
 * What the audit log keeps: one line per finished write, by whom, to what, and its answer. Writes of pods and of
 * Stint's own kinds are kept whoever makes them; of other kinds those of the system's own parts are left out. Of the
 * operator, as manifests/ and the tests name its service account, reads are kept too: which rights it uses.
 */
export const AUDIT_POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived", "ResponseStarted", "Panic"],
  omitManagedFields: true,
  rules: [
    {
      level: "Metadata",
      verbs: ["create", "update", "patch", "delete", "deletecollection"],
      resources: [{ group: "", resources: ["pods", "pods/*"] }, { group: "stint.dev" }],
    },
    {
      level: "Metadata",
      userGroups: ["system:serviceaccounts:stint-system", "system:serviceaccounts:stint-e2e"],
    },
    { level: "None", userGroups: ["system:nodes", "system:serviceaccounts:kube-system"] },
    {
      level: "None",
      users: ["system:kube-scheduler", "system:kube-controller-manager", "system:apiserver", "kwok"],
    },
    { level: "Metadata", verbs: ["create", "update", "patch", "delete", "deletecollection"] },
    { level: "None" },
  ],
} as const;

function etcd({ dir, bin, ports }: ControlPlane): Component {
  const [client, peer] = [`https://127.0.0.1:${ports.etcd}`, `https://127.0.0.1:${ports.etcdPeer}`];
  const tls = (prefix: string): string[] => [
    `--${prefix}cert-file=${paths.pki(dir, "etcd.crt")}`,
    `--${prefix}key-file=${paths.pki(dir, "etcd.key")}`,
    `--${prefix}trusted-ca-file=${paths.pki(dir, "etcd-ca.crt")}`,
    `--${prefix}client-cert-auth=true`,
  ];
  return {
    name: "etcd",
    command: join(bin, "etcd"),
    args: [
      "--name=stint",
      `--data-dir=${paths.etcd(dir)}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=stint=${peer}`,
      ...tls(""),
      ...tls("peer-"),
      "--log-level=warn",
      `--quota-backend-bytes=${ETCD_QUOTA_BYTES}`,
      // A cluster for tests may lose its last writes when the machine loses power.
      "--unsafe-no-fsync",
    ],
    env: {},
    ready: { kind: "https", port: ports.etcd, path: "/health", as: "etcd" },
  };
}

function apiServer({ dir, bin, ports, apiOnly }: ControlPlane): Component {
  const pki = (name: string): string => paths.pki(dir, name);
  return {
    name: "kube-apiserver",
    command: join(bin, "kube-apiserver"),
    args: [
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      `--secure-port=${ports.apiServer}`,
      // A loopback address is not allowed as an endpoint of the kubernetes service.
      "--endpoint-reconciler-type=none",
      `--etcd-servers=https://127.0.0.1:${ports.etcd}`,
      `--etcd-cafile=${pki("etcd-ca.crt")}`,
      `--etcd-certfile=${pki("etcd.crt")}`,
      `--etcd-keyfile=${pki("etcd.key")}`,
      ...serving(dir),
      `--client-ca-file=${pki("ca.crt")}`,
      `--kubelet-certificate-authority=${pki("ca.crt")}`,
      `--kubelet-client-certificate=${pki("kubelet-client.crt")}`,
      `--kubelet-client-key=${pki("kubelet-client.key")}`,
      "--kubelet-preferred-address-types=InternalIP",
      "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
      `--service-account-key-file=${pki("service-accounts.pub")}`,
      `--service-account-signing-key-file=${pki("service-accounts.key")}`,
      `--service-cluster-ip-range=${SERVICE_NETWORK}`,
      "--authorization-mode=Node,RBAC",
      // The second is off by default, and on in some distributions: whoever makes an object's owner wait for it needs a right
      // to that owner's finalizers.
      "--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement",
      ...(apiOnly ? ["--disable-admission-plugins=ServiceAccount"] : []),
      "--allow-privileged=true",
      `--audit-policy-file=${paths.config(dir, "audit-policy.yaml")}`,
      `--audit-log-path=${paths.audit(dir)}`,
      `--audit-log-maxsize=${AUDIT_LOG_MB}`,
      "--audit-log-maxbackup=1",
    ],
    env: {},
    ready: { kind: "https", port: ports.apiServer, path: "/readyz", as: "admin" },
  };
}

function controllerManager({ dir, bin, ports, nodeLossSeconds }: ControlPlane): Component {
  return {
    name: "kube-controller-manager",
    command: join(bin, "kube-controller-manager"),
    args: [
      ...clientOptions(dir, "kube-controller-manager"),
      `--secure-port=${ports.controllerManager}`,
      "--use-service-account-credentials=true",
      `--service-account-private-key-file=${paths.pki(dir, "service-accounts.key")}`,
      `--root-ca-file=${paths.pki(dir, "ca.crt")}`,
      `--cluster-signing-cert-file=${paths.pki(dir, "ca.crt")}`,
      `--cluster-signing-key-file=${paths.pki(dir, "ca.key")}`,
      ...(nodeLossSeconds === undefined ? [] : nodeLoss(nodeLossSeconds)),
    ],
    env: {},
    ready: { kind: "https", port: ports.controllerManager, path: "/healthz", as: "admin" },
  };
}

/** Lost nodes are noticed after this time, looked for every second, and all tainted at once. */
function nodeLoss(seconds: number): string[] {
  return [`--node-monitor-grace-period=${seconds}s`, "--node-monitor-period=1s", "--node-eviction-rate=100"];
}

function scheduler({ dir, bin, ports }: ControlPlane): Component {
  return {
    name: "kube-scheduler",
    command: join(bin, "kube-scheduler"),
    args: [...clientOptions(dir, "kube-scheduler"), `--secure-port=${ports.scheduler}`],
    env: {},
    ready: { kind: "https", port: ports.scheduler, path: "/healthz", as: "admin" },
  };
}

/** What the controller manager and the scheduler have in common. */
function clientOptions(dir: string, name: string): string[] {
  const config = paths.config(dir, `${name}.kubeconfig`);
  return [
    "--bind-address=127.0.0.1",
    ...serving(dir),
    `--kubeconfig=${config}`,
    `--authentication-kubeconfig=${config}`,
    `--authorization-kubeconfig=${config}`,
    "--leader-elect=false",
    ...CLIENT_RATE,
  ];
}

function serving(dir: string): string[] {
  return [`--tls-cert-file=${paths.pki(dir, "server.crt")}`, `--tls-private-key-file=${paths.pki(dir, "server.key")}`];
}
