/** A real node: a kubelet and a container runtime, both in a mount namespace of their own. */
import { join } from "node:path";
import { paths, type Component, type Ports, type RealNode } from "./state.ts";
import { PAUSE_IMAGE } from "./versions.ts";

/** The cluster's part that all its nodes share. */
export interface NodePlace {
  readonly id: string;
  readonly dir: string;
  /** The build folder: `bin` and `cni` are in it. */
  readonly build: string;
  readonly ports: Ports;
  /** `overlayfs`, or `native` where the folder's own file system is an overlay already. */
  readonly snapshotter: string;
  /** Kubernetes' own unless given. */
  readonly nodeLossSeconds?: number;
}

/**
 * What a kubelet writes into /proc/sys when it finds something else there: settings of the whole machine, which would
 * then panic on an oops, reboot after a panic and promise memory it does not have, and go on so after the cluster's end.
 */
const KUBELET_SETTINGS = [
  "vm/overcommit_memory=1",
  "vm/panic_on_oom=0",
  "kernel/panic=10",
  "kernel/panic_on_oops=1",
  "kernel/keys/root_maxkeys=1000000",
  "kernel/keys/root_maxbytes=25000000",
];

/**
 * Everything the kubelet, containerd and the CNI plugins write to fixed places of the system (/run, /var/lib,
 * /var/log) and every mount they make goes into this namespace, and is gone with its last process: the machine's own
 * mounts never change, however the cluster ends. If the cluster's folders are in those places they are put back. Over
 * each setting of the kernel that a kubelet wants lies a file that says so: it finds what it wants, and changes nothing.
 * Each start of the namespace is a boot of its own, by whose id a kubelet knows that its node was rebooted.
 */
const NAMESPACE_SCRIPT = `
set -e
exec 3<"$1" 4<"$2"
for place in /run /var/lib /var/log; do mount -t tmpfs -o mode=755 tmpfs "$place"; done
back() { case "$2" in /run/*|/var/lib/*|/var/log/*) mkdir -p "$2" && mount --no-canonicalize --bind "/proc/self/fd/$1" "$2";; esac; }
back 3 "$1"
back 4 "$2"
exec 3<&- 4<&-
entered="$3"
shift 3
mkdir /run/settings
for setting; do
  file="/proc/sys/\${setting%=*}"
  own="/run/settings/\${setting##*/}"
  [ -e "$file" ] || continue
  echo "\${setting#*=}" > "$own"
  mount --bind "$own" "$file"
done
cat /proc/sys/kernel/random/uuid > /run/settings/boot_id
mount --bind /run/settings/boot_id /proc/sys/kernel/random/boot_id
mount --make-rshared /
: > "$entered"
exec sleep infinity
`;

/** Where the CLI of containerd reaches a node's runtime. */
export function runtimeSocket(node: RealNode): string {
  return join(node.dir, "containerd.sock");
}

/** What a machine keeps below /run, and so loses with its power. */
export function volatileFolders(node: RealNode): string[] {
  return [join(node.dir, "containerd-state"), join(node.dir, "runc")];
}

/** The processes of one node, in the order in which they need each other. */
export function nodeComponents(place: NodePlace, node: RealNode, index: number): Component[] {
  const bin = join(place.build, "bin");
  const namespace = `namespace-${node.name}`;
  const entered = join(node.dir, "namespace");
  const path = `${bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
  return [
    {
      name: namespace,
      command: "unshare",
      args: [
        "--mount",
        "--propagation=private",
        "/bin/sh",
        "-c",
        NAMESPACE_SCRIPT,
        "sh",
        place.dir,
        place.build,
        entered,
        ...KUBELET_SETTINGS,
      ],
      env: {},
      ready: { kind: "file", path: entered },
    },
    {
      name: `containerd-${node.name}`,
      command: join(bin, "containerd"),
      args: [`--config=${join(node.dir, "containerd.toml")}`, "--log-level=warn"],
      env: { PATH: path },
      inside: namespace,
      ready: { kind: "socket", path: runtimeSocket(node) },
    },
    {
      name: `kubelet-${node.name}`,
      command: join(bin, "kubelet"),
      args: [
        `--config=${join(node.dir, "kubelet.yaml")}`,
        `--kubeconfig=${paths.config(place.dir, `kubelet-${node.name}.kubeconfig`)}`,
        `--root-dir=${join(node.dir, "kubelet")}`,
        `--cert-dir=${join(node.dir, "kubelet", "pki")}`,
        `--hostname-override=${node.name}`,
        // Lets the node have a loopback address, which the kubelet itself refuses: we write it into the status.
        "--cloud-provider=external",
      ],
      env: { PATH: path },
      inside: namespace,
      ready: { kind: "http", port: place.ports.nodes[index]?.health ?? 0, path: "/healthz" },
    },
  ];
}

/** The files of one node, by their path. The folders of the paths are to be made first. */
export function nodeFiles(place: NodePlace, node: RealNode, index: number): ReadonlyMap<string, string> {
  return new Map([
    [join(node.dir, "containerd.toml"), containerdConfig(place, node)],
    [join(node.dir, "kubelet.yaml"), JSON.stringify(kubeletConfig(place, node, index), null, 2)],
    [join(node.dir, "cni", "10-bridge.conflist"), JSON.stringify(networkConfig(node), null, 2)],
  ]);
}

function kubeletConfig(place: NodePlace, node: RealNode, index: number): Record<string, unknown> {
  const ports = place.ports.nodes[index];
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: node.address,
    port: ports?.kubelet,
    readOnlyPort: 0,
    healthzBindAddress: "127.0.0.1",
    healthzPort: ports?.health,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: paths.pki(place.dir, "ca.crt") },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: paths.pki(place.dir, `${node.name}.crt`),
    tlsPrivateKeyFile: paths.pki(place.dir, `${node.name}.key`),
    containerRuntimeEndpoint: `unix://${runtimeSocket(node)}`,
    podLogsDir: join(node.dir, "pod-logs"),
    volumePluginDir: join(node.dir, "kubelet", "volume-plugins"),
    resolvConf: join(node.dir, "resolv.conf"),
    // Containers' own limits are enforced; the node as a whole has none, for it shares the machine.
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${node.cgroup}`,
    cgroupsPerQOS: true,
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    localStorageCapacityIsolation: false,
    makeIPTablesUtilChains: false,
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    // Our images are imported once and never pulled: they must not be collected when the disk fills.
    imageGCHighThresholdPercent: 100,
    serializeImagePulls: false,
    kubeAPIQPS: 500,
    kubeAPIBurst: 1000,
    eventRecordQPS: 0,
    ...(place.nodeLossSeconds !== undefined && {
      // Renewed four times as often.
      nodeLeaseDurationSeconds: place.nodeLossSeconds,
      nodeStatusUpdateFrequency: "1s",
    }),
  };
}

function containerdConfig(place: NodePlace, node: RealNode): string {
  const at = (...names: string[]): string => JSON.stringify(join(node.dir, ...names));
  const bin = (name: string): string => JSON.stringify(join(place.build, "bin", name));
  return `version = 3
root = ${at("containerd")}
state = ${at("containerd-state")}
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.erofs"]

[grpc]
  address = ${JSON.stringify(runtimeSocket(node))}

[plugins.'io.containerd.internal.v1.opt']
  path = ${at("opt")}

[plugins.'io.containerd.cri.v1.images']
  snapshotter = ${JSON.stringify(place.snapshotter)}
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = ${JSON.stringify(PAUSE_IMAGE)}

[plugins.'io.containerd.cri.v1.runtime']
  # Without CAP_SYS_RESOURCE, as in many virtual machines and containers, runc cannot lower a score.
  restrict_oom_score_adj = true
  disable_apparmor = true
  tolerate_missing_hugetlb_controller = true
  netns_mounts_under_state_dir = true
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = "runc"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        BinaryName = ${bin("runc")}
        Root = ${at("runc")}
        SystemdCgroup = false
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = [${JSON.stringify(join(place.build, "cni"))}]
    conf_dir = ${at("cni")}
    use_internal_loopback = true

[plugins.'io.containerd.grpc.v1.cri']
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
`;
}

/** The bridge exists already, with its address: the plugin then changes no setting of the machine. */
function networkConfig(node: RealNode): Record<string, unknown> {
  return {
    cniVersion: "1.0.0",
    name: node.cgroup,
    plugins: [
      {
        type: "bridge",
        bridge: node.bridge,
        isGateway: false,
        ipMasq: false,
        ipam: {
          type: "host-local",
          dataDir: join(node.dir, "addresses"),
          ranges: [[{ subnet: `${node.subnet}.0/24`, gateway: `${node.subnet}.1` }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
    ],
  };
}
