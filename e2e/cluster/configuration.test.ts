import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { parseAuditLine } from "./audit.ts";
import { controlPlane } from "./controlplane.ts";
import { kubeconfig } from "./credentials.ts";
import { nodeComponents, nodeFiles, type NodePlace } from "./realnode.ts";
import { kwok, kwokConfig, simulatedNode } from "./simulated.ts";
import { type Ports, type RealNode } from "./state.ts";
import { ownEntries } from "./stop.ts";

const ports: Ports = {
  etcd: 1,
  etcdPeer: 2,
  apiServer: 3,
  controllerManager: 4,
  scheduler: 5,
  kwok: 6,
  nodes: [{ kubelet: 7, health: 8 }],
};
const node: RealNode = {
  name: "node-1",
  dir: "/c/node-1",
  address: "127.0.0.1",
  bridge: "stb",
  subnet: "10.9.8",
  cgroup: "stint-b-1",
};
const place: NodePlace = { id: "b", dir: "/c", build: "/b", ports, snapshotter: "overlayfs" };
const plane = { dir: "/c", bin: "/b/bin", ports, apiOnly: false };

describe("configuration", () => {
  test("every part is told an address to listen on, and it is the loopback address", () => {
    const told = (args: readonly string[], ...flags: readonly string[]): readonly (string | undefined)[] =>
      flags.map((flag) => args.find((arg) => arg.startsWith(`--${flag}=`))?.slice(flag.length + 3));
    const [etcd, api, manager, scheduler] = controlPlane(plane).map(({ args }) => args);
    const kubelet = JSON.parse(nodeFiles(place, node, 0).get("/c/node-1/kubelet.yaml") ?? "") as Record<
      string,
      unknown
    >;
    const containerd = nodeFiles(place, node, 0).get("/c/node-1/containerd.toml") ?? "";

    expect(told(etcd ?? [], "listen-client-urls", "listen-peer-urls")).toEqual([
      "https://127.0.0.1:1",
      "https://127.0.0.1:2",
    ]);
    // The API server is also told what to call itself: its own choice would be an address of the machine.
    expect(told(api ?? [], "bind-address", "advertise-address")).toEqual(["127.0.0.1", "127.0.0.1"]);
    expect(told(manager ?? [], "bind-address")).toEqual(["127.0.0.1"]);
    expect(told(scheduler ?? [], "bind-address")).toEqual(["127.0.0.1"]);
    expect(told(kwok(plane).args, "server-address")).toEqual(["127.0.0.1:6"]);
    expect(kubelet).toMatchObject({ address: "127.0.0.1", healthzBindAddress: "127.0.0.1", readOnlyPort: 0 });
    expect(containerd).toContain('stream_server_address = "127.0.0.1"');
    expect(containerd).not.toMatch(/tcp_address|\[metrics\]|\[debug\]/);
  });

  test("a second node has a loopback address of its own, which its kubelet listens on", () => {
    const second = { ...node, name: "node-2", dir: "/c/node-2", address: "127.0.0.2" };
    const kubelet = JSON.parse(nodeFiles(place, second, 0).get("/c/node-2/kubelet.yaml") ?? "") as object;
    expect(kubelet).toMatchObject({ address: "127.0.0.2", healthzBindAddress: "127.0.0.1" });
  });

  test("with only an API server, no controllers are started and no service account is asked for", () => {
    const components = controlPlane({ ...plane, apiOnly: true });
    expect(components.map(({ name }) => name)).toEqual(["etcd", "kube-apiserver"]);
    expect(components[1]?.args).toContain("--disable-admission-plugins=ServiceAccount");
  });

  test("a node keeps its files and its cgroup to itself", () => {
    const files = nodeFiles(place, node, 0);
    const kubelet = JSON.parse(files.get("/c/node-1/kubelet.yaml") ?? "") as Record<string, unknown>;
    expect(kubelet).toMatchObject({ address: "127.0.0.1", port: 7, healthzPort: 8, cgroupRoot: "/stint-b-1" });
    const network = files.get("/c/node-1/cni/10-bridge.conflist") ?? "";
    expect(network).toContain('"subnet": "10.9.8.0/24"');
    expect(files.get("/c/node-1/containerd.toml")).toContain('BinaryName = "/b/bin/runc"');
  });

  test("when a node is lost is told to all who must know, and else left to Kubernetes", () => {
    const told = (nodeLossSeconds?: number): string => {
      const loss = nodeLossSeconds !== undefined && { nodeLossSeconds };
      const files = nodeFiles({ ...place, ...loss }, node, 0);
      return JSON.stringify([controlPlane({ ...plane, ...loss }), kwok({ ...plane, ...loss }), [...files.values()]]);
    };
    expect(told(11)).toContain("--node-monitor-grace-period=11s");
    expect(told(11)).toContain("--node-lease-duration-seconds=11");
    expect(told(11)).toContain('\\"nodeLeaseDurationSeconds\\": 11');
    expect(told()).not.toMatch(/node-monitor|node-eviction|nodeLease|nodeStatusUpdate/);
  });

  test("kubelet and containerd run in the node's mount namespace", () => {
    const inside = nodeComponents(place, node, 0).map((component) => [component.name, component.inside]);
    expect(inside).toEqual([
      ["namespace-node-1", undefined],
      ["containerd-node-1", "namespace-node-1"],
      ["kubelet-node-1", "namespace-node-1"],
    ]);
  });

  test("simulated nodes are tainted only beside real ones", () => {
    expect(simulatedNode("s", true)["spec"]).toEqual({
      taints: [{ key: "sim.stint.dev/node", value: "simulated", effect: "NoSchedule" }],
    });
    expect(simulatedNode("s", false)["spec"]).toEqual({});
  });

  test("kwok's file holds its settings and every stage", async () => {
    const names = (await kwokConfig()).split("---\n").map((text) => (load(text) as { kind: string }).kind);
    expect(names).toEqual(["KwokConfiguration", ...Array.from({ length: 7 }, () => "Stage")]);
  });

  test("a kubeconfig carries its certificates inside", () => {
    const user = { certificate: "cert", key: "key" };
    const config = load(kubeconfig({ server: "https://127.0.0.1:3", authority: "ca", user, name: "me" }));
    expect(config).toMatchObject({
      clusters: [{ cluster: { server: "https://127.0.0.1:3", "certificate-authority-data": "Y2E=" } }],
      users: [{ name: "me", user: { "client-certificate-data": "Y2VydA==", "client-key-data": "a2V5" } }],
      "current-context": "stint-local",
    });
  });

  test("only names that a cluster makes are removed with it", () => {
    const names = ["cluster.json", "audit.log", "audit-2030.log", "node-12", "etcd", "notes.txt", "node-x", "pids.bak"];
    expect(ownEntries(names)).toEqual(["cluster.json", "audit.log", "audit-2030.log", "node-12", "etcd"]);
  });

  test("half a line of the audit log is no entry", () => {
    expect(parseAuditLine('{"auditID":"a","verb":"create"}')).toMatchObject({ verb: "create" });
    expect(parseAuditLine('{"auditID":"a","ver')).toBeUndefined();
    expect(parseAuditLine("")).toBeUndefined();
  });
});
