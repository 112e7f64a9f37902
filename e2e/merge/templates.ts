/** Random PodTemplateSpecs as people write them, and random patches to them. */
import * as fc from "fast-check";
import { Words, all, fixed, oneOf, type Json, type Part, type Vocabulary } from "./words.ts";

/** A template, and what is to be merged over it. */
export interface Case {
  readonly base: Json;
  readonly patches: readonly Json[];
}

/** Few names, so that patches meet what they patch. */
const CONTAINERS = ["main", "proxy", "log"];
const VOLUMES = ["data", "tmp", "conf"];
const VARIABLES = ["A", "B", "C", "D"];
const LABELS = ["app", "team", "stint.dev/x"];

export function cases(patchesEach: number): fc.Arbitrary<Case> {
  const base = template("template");
  return fc.record({ base, patches: fc.array(template("patch"), { minLength: patchesEach, maxLength: patchesEach }) });
}

function template(vocabulary: Vocabulary): Part {
  const words = new Words(vocabulary);
  const metadata = words.object(
    "metadata",
    words.object("labels", ...LABELS.map((label) => words.choice(label, "x", "y"))),
    words.object("annotations", ...LABELS.map((label) => words.choice(label, "some words", "others"))),
    words.plain("finalizers", ["stint.dev/a", "stint.dev/b", "stint.dev/c", "stint.dev/d"], "merged"),
  );
  const spec = words.some([...podFields(words), ...placement(words), ...containers(words, vocabulary)]);
  if (vocabulary === "template")
    return all(
      metadata,
      spec.map((one) => ({ spec: withVolumes(one) })),
    );
  return all(
    metadata,
    words.marked(spec).map((one) => ({ spec: one })),
  );
}

/** Mounts must have their volumes: the server refuses others, and most pairs should be accepted. */
function withVolumes(spec: Json): Json {
  const there = (Array.isArray(spec["volumes"]) ? spec["volumes"] : []) as readonly Json[];
  const missing = VOLUMES.filter((name) => !there.some((one) => one["name"] === name));
  return { ...spec, volumes: [...there, ...missing.map((name) => ({ name, emptyDir: {} }))] };
}

function containers(words: Words, vocabulary: Vocabulary): readonly Part[] {
  const container = (): Part => words.some(containerFields(words));
  const probes = [probe(words, "livenessProbe"), probe(words, "readinessProbe")];
  const probed = (): Part => words.some([...containerFields(words), ...probes]);
  const main = words.merged("containers", "name", CONTAINERS, probed);
  return [
    words.merged("initContainers", "name", ["init", "setup"], container),
    vocabulary === "patch" ? main : main.filter((part) => part["containers"] !== undefined),
  ];
}

function podFields(words: Words): readonly Part[] {
  return [
    words.merged("volumes", "name", VOLUMES, () => volumeSource(words)),
    words.merged("imagePullSecrets", "name", ["one", "two", "three"], () => fc.constant({})),
    words.merged("hostAliases", "ip", ["10.0.0.1", "10.0.0.2", "10.0.0.3"], () =>
      words.plain("hostnames", ["a.example", "b.example"], "replaced"),
    ),
    words.choice("restartPolicy", "Always"),
    words.choice("serviceAccountName", "default", "robot"),
    words.choice("automountServiceAccountToken", true, false),
    words.choice("terminationGracePeriodSeconds", 0, 30, 60),
    words.choice("priorityClassName", "high"),
    words.choice("hostNetwork", false),
    words.object(
      "securityContext",
      words.choice("runAsUser", 1000, 2000),
      words.choice("fsGroup", 1000),
      words.choice(
        "sysctls",
        [{ name: "kernel.shm_rmid_forced", value: "1" }],
        [{ name: "net.ipv4.tcp_syncookies", value: "0" }],
      ),
      words.object("seccompProfile", fixed("type", "RuntimeDefault")),
    ),
    words.object(
      "dnsConfig",
      words.plain("nameservers", ["10.0.0.8", "10.0.0.9"], "replaced"),
      words.replaced("options", fixed("name", "ndots"), words.choice("value", "2", "5")),
    ),
    words.merged("resourceClaims", "name", ["gpu", "net"], () =>
      oneOf(fixed("resourceClaimName", "claim"), fixed("resourceClaimTemplateName", "template")),
    ),
    words.merged("schedulingGates", "name", ["example.com/a", "example.com/b"], () => fc.constant({})),
  ];
}

function placement(words: Words): readonly Part[] {
  const expressions = (): Part =>
    words.replaced(
      "matchExpressions",
      fixed("key", "zone"),
      fixed("operator", "In"),
      fc.constantFrom({ values: ["a"] }, { values: ["b", "c"] }),
    );
  const selector = (): Part =>
    words.object("labelSelector", words.object("matchLabels", words.choice("app", "x", "y")));
  return [
    words.object("nodeSelector", words.choice("disk", "ssd", "hdd"), words.choice("zone", "a", "b")),
    words.replaced(
      "tolerations",
      fixed("key", "gpu"),
      fixed("operator", "Exists"),
      words.choice("effect", "NoSchedule", "NoExecute"),
    ),
    words.merged("topologySpreadConstraints", "topologyKey", ["zone", "kubernetes.io/hostname", "rack"], () =>
      all(
        words.required("maxSkew", fc.constantFrom(1, 3)),
        words.required("whenUnsatisfiable", fc.constantFrom("DoNotSchedule", "ScheduleAnyway")),
        words.required("labelSelector", fc.constantFrom({ matchLabels: { app: "x" } }, { matchLabels: { team: "y" } })),
        words.plain("matchLabelKeys", ["team", "shard"], "replaced"),
      ),
    ),
    words.object(
      "affinity",
      words.object(
        "nodeAffinity",
        words.object(
          "requiredDuringSchedulingIgnoredDuringExecution",
          fc.array(expressions(), { minLength: 1, maxLength: 2 }).map((terms) => ({ nodeSelectorTerms: terms })),
        ),
        words.replaced(
          "preferredDuringSchedulingIgnoredDuringExecution",
          fixed("weight", 5),
          fixed("preference", { matchExpressions: [{ key: "disk", operator: "Exists" }] }),
        ),
      ),
      words.object(
        "podAntiAffinity",
        words.replaced(
          "requiredDuringSchedulingIgnoredDuringExecution",
          fixed("topologyKey", "kubernetes.io/hostname"),
          selector(),
        ),
      ),
    ),
  ];
}

function containerFields(words: Words): readonly Part[] {
  const quantities = (name: string, cpu: readonly string[], memory: readonly string[]): Part =>
    words.object(name, words.choice("cpu", ...cpu), words.choice("memory", ...memory));
  return [
    words.required("image", fc.constantFrom("busybox:1.37", "python:latest", `x.example/x@sha256:${"0".repeat(64)}`)),
    words.choice("imagePullPolicy", "Always", "IfNotPresent"),
    words.plain("command", ["sh", "-c", "true"], "replaced"),
    words.plain("args", ["a", "b"], "replaced"),
    words.choice("workingDir", "/tmp"),
    words.merged("env", "name", VARIABLES, () => variable(words)),
    words.replaced(
      "envFrom",
      oneOf(fixed("configMapRef", { name: "conf" }), fixed("secretRef", { name: "secret", optional: true })),
      words.choice("prefix", "P_"),
    ),
    words.merged("ports", "containerPort", [80, 443, 8080], () =>
      all(words.choice("protocol", "TCP", "UDP"), words.choice("hostIP", "127.0.0.1")),
    ),
    words.merged("volumeMounts", "mountPath", ["/a", "/b", "/c"], () =>
      all(
        words.required("name", fc.constantFrom(...VOLUMES)),
        words.choice("readOnly", true, false),
        words.choice("subPath", "x", "y"),
      ),
    ),
    words.object(
      "resources",
      quantities("requests", ["100m", "0.5"], ["64Mi"]),
      quantities("limits", ["1", "2000m"], ["128Mi", "1Gi"]),
    ),
    words.object(
      "securityContext",
      words.choice("runAsUser", 1, 2),
      words.choice("readOnlyRootFilesystem", true),
      words.object(
        "capabilities",
        words.plain("add", ["NET_ADMIN", "SYS_TIME"], "replaced"),
        words.plain("drop", ["ALL"], "replaced"),
      ),
    ),
    words.choice("terminationMessagePolicy", "FallbackToLogsOnError"),
  ];
}

function probe(words: Words, name: string): Part {
  return words.object(
    name,
    oneOf(
      fixed("exec", { command: ["true"] }),
      fixed("tcpSocket", { port: 80 }),
      fixed("httpGet", { port: 80, path: "/" }),
    ),
    words.choice("periodSeconds", 5, 10),
  );
}

function variable(words: Words): Part {
  const from = (source: Part): Part => source.map((one) => ({ valueFrom: one }));
  return oneOf(
    words.choice("value", "1", "2", ""),
    words.choice("value", "3", "$(A)"),
    from(fixed("fieldRef", { fieldPath: "metadata.name" })),
    from(fixed("secretKeyRef", { name: "secret", key: "k" })),
    words.required(
      "valueFrom",
      fc.constantFrom(true, false).map((optional) => ({ configMapKeyRef: { name: "conf", key: "k", optional } })),
    ),
    from(fixed("resourceFieldRef", { resource: "limits.cpu", divisor: "1m" })),
  );
}

function volumeSource(words: Words): Part {
  const items = words.replaced("items", fixed("key", "k"), fixed("path", "p"), words.choice("mode", 256));
  return oneOf(
    words.object("emptyDir", words.choice("medium", "Memory"), words.choice("sizeLimit", "1Gi", "500Mi")),
    words.object("emptyDir", words.choice("sizeLimit", "2Gi")),
    words.object("configMap", fixed("name", "conf"), items, words.choice("defaultMode", 256, 420)),
    words.object("secret", fixed("secretName", "secret"), items, words.choice("optional", true)),
    words.object("hostPath", fixed("path", "/data"), words.choice("type", "Directory")),
    words.object("persistentVolumeClaim", fixed("claimName", "claim"), words.choice("readOnly", true)),
    words.object("csi", fixed("driver", "csi.example"), words.object("volumeAttributes", words.choice("a", "x"))),
    words.object(
      "projected",
      words.replaced("sources", oneOf(fixed("configMap", { name: "conf" }), fixed("secret", { name: "secret" }))),
    ),
    fixed("ephemeral", {
      volumeClaimTemplate: {
        metadata: { labels: { a: "b" } },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      },
    }),
  );
}
