/** Pods made of several templates: the operator's, the namespace's, the one a TaskRun names, and its own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, inject, it, type TestContext } from "vitest";
import { podTemplatesPath } from "./merge/compare.ts";
import { messageOf, reasonOf, type Pod } from "./support/objects.ts";
import { Operator } from "./support/operator.ts";
import { Room } from "./support/room.ts";
import { operatorForTest } from "./support/running.ts";

/** No node has it: the pods stay as they were made. */
const NOWHERE = { "stint.dev/nowhere": "true" };
const DEFAULTS = {
  podTemplate: {
    metadata: { labels: { from: "operator", operator: "yes" } },
    spec: {
      nodeSelector: NOWHERE,
      containers: [{ name: "main", env: [variable("OPERATOR"), variable("WHO", "operator")] }],
    },
  },
};
const NAMESPACE = {
  metadata: { labels: { from: "namespace", namespace: "yes" } },
  spec: { containers: [{ name: "main", image: "namespace", env: [variable("WHO", "namespace")] }] },
};
const GPU = {
  metadata: { labels: { from: "gpu" } },
  spec: {
    containers: [{ name: "main", image: "gpu", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
    volumes: [{ name: "data", emptyDir: {} }],
  },
};

describe.concurrent("a pod", () => {
  it("is made of the templates of operator, namespace, podTemplateRef and TaskRun, each over those before it", async (test) => {
    const room = await Room.open(test);
    await operatorForTest(test, flags(test, room.namespace, { defaults: DEFAULTS })).ready();
    await podTemplate(room, "stint-default", NAMESPACE);
    await podTemplate(room, "gpu", GPU);
    await room.create("train", {
      podTemplateRef: { name: "gpu" },
      template: {
        metadata: { labels: { own: "yes" } },
        spec: {
          containers: [{ name: "main", command: ["train"], env: [variable("OPERATOR", null), variable("OWN")] }],
        },
      },
    });
    const pod = await podOf(room, "train");

    expect(pod.metadata.labels).toMatchObject({ operator: "yes", namespace: "yes", from: "gpu", own: "yes" });
    expect(pod.spec).toMatchObject({
      restartPolicy: "Never",
      nodeSelector: NOWHERE,
      volumes: [{ name: "data", emptyDir: {} }],
      containers: [{ image: "gpu", command: ["train"], volumeMounts: [{ mountPath: "/data", name: "data" }] }],
    });
    expect(Object.fromEntries(pod.spec.containers[0]?.env?.map(({ name, value }) => [name, value]) ?? [])).toEqual({
      STINT_ATTEMPT: "1",
      OWN: "x",
      OPERATOR: undefined,
      WHO: "namespace",
    });
  });

  it("is not made of a template that cannot be merged; the message says which one and where", async (test) => {
    const room = await Room.open(test);
    await operatorForTest(test, flags(test, room.namespace, { defaults: DEFAULTS })).ready();
    await room.create("wrong", {
      template: { spec: { containers: [{ name: "main", image: "x", env: [{ value: "x" }] }] } },
    });
    const wrong = await room.over("wrong");

    expect(reasonOf(wrong)).toBe("InvalidTemplate");
    expect(messageOf(wrong)).toMatch(/spec\.template: each element of spec\.containers\[name=main\]\.env must .* name/);
  });
});

it("an operator with wrong defaults names every mistake and does not start", async (test) => {
  const wrong = { defaults: { podTemplate: { spec: { $patch: "x" } }, retry: { limit: -1 }, podRetentoin: "Never" } };
  const operator = Operator.start(inject("cluster").kubeconfig, flags(test, "default", wrong));

  expect(await operator.ended()).toBe(2);
  expect(operator.tail()).toMatch(/defaults\.podTemplate: spec\.\$patch must be "replace" or "delete"/);
  expect(operator.tail()).toMatch(/defaults\.retry\.limit: must be a whole number from 0 to 100, is -1/);
  expect(operator.tail()).toMatch(/defaults\.podRetentoin: there is no such key; did you mean podRetention\?/);
});

type MergedPod = Pod & {
  readonly spec: {
    readonly containers: readonly { readonly env?: readonly { readonly name: string; readonly value?: string }[] }[];
  };
};

function variable(name: string, value: string | null = "x"): object {
  return { name, value };
}

/** The flags of an operator with a configuration file. JSON is YAML, too. */
function flags(test: TestContext, namespace: string, config: object): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "stint-config-"));
  test.onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "config.yaml"), JSON.stringify(config));
  return [`--namespaces=${namespace}`, `--config=${join(folder, "config.yaml")}`];
}

async function podTemplate(room: Room, name: string, template: object): Promise<void> {
  await room.client.call("POST", podTemplatesPath(room.namespace), { metadata: { name }, template });
}

async function podOf(room: Room, taskRun: string): Promise<MergedPod> {
  await room.seePods((pods) => pods.size > 0, { what: `a pod of ${taskRun}` });
  const { items } = await room.client.call<{ readonly items: readonly MergedPod[] }>(
    "GET",
    `/api/v1/namespaces/${room.namespace}/pods`,
  );
  const [pod] = items;
  if (pod === undefined) throw new Error(`${taskRun} has no pod`);
  return pod;
}
