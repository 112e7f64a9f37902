/**
 * The GitOps promise: a tool that applies the same files again and again never finds a difference, and never makes a task
 * run twice by it, however long ago the task finished.
 */
import { describe, expect, it } from "vitest";
import { inWords, operatorWrites, podCreations } from "./support/audit.ts";
import { manifest, shell, simulated, template, type Metadata, type TaskRun, taskRunsPath } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";
import { until } from "./support/waiting.ts";

operatorForFile();

const TRACKING: Readonly<Record<string, Partial<Metadata>>> = {
  "Argo CD's tracking annotation": {
    annotations: { "argocd.argoproj.io/tracking-id": "shop:stint.dev/TaskRun:shop/task" },
  },
  "Argo CD's and Helm's instance label": { labels: { "app.kubernetes.io/instance": "shop", team: "a" } },
};

/** The ways to apply a file, and to ask what applying it would change. */
const WAYS = {
  "client-side": { apply: ["apply", "-f", "-"], diff: ["diff", "-f", "-"] },
  "server-side": { apply: ["apply", "--server-side", "-f", "-"], diff: ["diff", "--server-side", "-f", "-"] },
} as const;

const CASES = Object.keys(TRACKING).flatMap((tracking) => Object.keys(WAYS).map((way) => [way, tracking] as const));

interface Managed {
  readonly metadata: Metadata & {
    readonly managedFields: readonly { readonly manager: string; readonly subresource?: string }[];
  };
}

describe.concurrent("a finished TaskRun that is applied again", () => {
  it.for(CASES)("%s with %s does not run again, and differs in nothing", async ([way, tracking], test) => {
    const { dir, image } = needs(test, "own cluster", "real nodes");
    const { apply, diff } = WAYS[way as keyof typeof WAYS];
    const room = await Room.open(test);
    const spec = {
      template: template(shell(image, "echo done")),
      retry: { limit: 1, backoff: { initialSeconds: 5 } },
      ttlSecondsAfterFinished: 3,
    };
    const file = { ...manifest("task", spec), metadata: { name: "task", ...TRACKING[tracking] } };
    await room.kubectl.run(apply, { input: file });
    const first = await room.over("task");
    const { status } = await room.see("task", (one) => one.status.compacted === true, { what: "it to be compacted" });
    expect(await room.pods()).toEqual([]);

    const said = await room.kubectl.run(apply, { input: file });
    expect(said).toContain(way === "client-side" ? "taskrun.stint.dev/task unchanged" : "serverside-applied");
    expect(await room.kubectl.attempt(diff, { input: file })).toMatchObject({ code: 0, stdout: "" });
    // A change that is none of the work is seen, and runs nothing either.
    const changed = { ...file, spec: { ...spec, retry: { limit: 2 }, activeDeadlineSeconds: 60 } };
    await room.kubectl.run(apply, { input: changed });
    const later = await room.see("task", (one) => one.status.observedGeneration === 2, { what: "it to be seen" });
    expect(await room.kubectl.attempt(diff, { input: changed })).toMatchObject({ code: 0, stdout: "" });

    expect(later.metadata.generation).toBe(2);
    expect(later.status).toMatchObject({ phase: "Succeeded", compacted: true, attempt: 1, exitCode: 0 });
    expect(later.status.completionTime).toBe(status.completionTime);
    expect(first.metadata.generation).toBe(1);
    expect([...(await podCreations(dir, room.namespace)).values()]).toEqual([1]);
    await expectStatusOnly(room, file.metadata);
    const writes = await operatorWrites(dir, room.namespace);
    const kinds = new Set(writes.map((entry) => inWords(entry).split(" ").slice(0, 2).join(" ")));
    // On a machine so slow that the task takes longer than ten seconds, its end is worth an event.
    kinds.delete("create events");
    expect(kinds).toEqual(new Set(["create pods", "update taskruns/status", "delete pods"]));
  });

  it.for(Object.entries(WAYS))(
    "%s shows no difference for fields left out or given",
    async ([, { apply, diff }], test) => {
      needs(test, "simulated nodes");
      const room = await Room.open(test);
      const bare = manifest("bare", { template: simulated({ "run-for": "10ms" }) });
      const given = manifest("given", {
        template: simulated({ "run-for": "10ms" }),
        retry: { limit: 0, infrastructureLimit: 5, backoff: { initialSeconds: 10, factor: 2, maxSeconds: 300 } },
        activeDeadlineSeconds: 600,
        onUnknownFate: "Wait",
        rerun: "OnSpecChange",
        suspend: false,
        cancel: false,
        podRetention: "Always",
        ttlSecondsAfterFinished: 86_400,
        ttlAction: "Compact",
      });
      const file = { apiVersion: "v1", kind: "List", items: [bare, given] };
      await room.kubectl.run(apply, { input: file });
      expect(await room.kubectl.attempt(diff, { input: file })).toMatchObject({ code: 0, stdout: "" });
      const ends = [await room.over("bare"), await room.over("given")];
      await room.kubectl.run(apply, { input: file });

      expect(await room.kubectl.attempt(diff, { input: file })).toMatchObject({ code: 0, stdout: "" });
      expect(ends.map(({ metadata }) => metadata.generation)).toEqual([1, 1]);
      expect((await room.pods()).length).toBe(2);
    },
  );

  it("is gone if nothing tracks it, and then runs again: so a repository says ttlAction Compact, or no TTL", async (test) => {
    const { dir } = needs(test, "own cluster", "simulated nodes");
    const room = await Room.open(test);
    const spec = { template: simulated({ "run-for": "10ms" }), ttlSecondsAfterFinished: 1 };
    await room.kubectl.apply(manifest("task", spec));
    const first = await room.over("task");
    const where = { path: taskRunsPath(room.namespace), name: "task" };
    await until<TaskRun>(room.client, where, (one) => one === undefined, { what: "it to be deleted" });
    await room.kubectl.apply(manifest("task", { ...spec, ttlAction: "Compact" }));
    const second = await room.see("task", (one) => one.status.compacted === true, { what: "it to be compacted" });

    expect(second.metadata.uid).not.toBe(first.metadata.uid);
    expect([...(await podCreations(dir, room.namespace)).values()]).toEqual([1, 1]);
  });
});

/** Nothing of what the user wrote has been touched, and the server knows the operator as the author of the status only. */
async function expectStatusOnly(room: Room, written: Partial<Metadata>): Promise<void> {
  const json = await room.kubectl.run(["get", "taskrun", "task", "--show-managed-fields", "-o", "json"]);
  const { metadata } = JSON.parse(json) as Managed;
  const { "kubectl.kubernetes.io/last-applied-configuration": _own, ...annotations } = metadata.annotations ?? {};
  expect(annotations).toEqual(written.annotations ?? {});
  expect(metadata.labels ?? {}).toEqual(written.labels ?? {});
  const authors = metadata.managedFields.map(({ manager, subresource }) =>
    [manager, subresource ?? "object"].join(" "),
  );
  expect(new Set(authors.map((author) => author.replace(/^kubectl\S*/, "kubectl")))).toEqual(
    new Set(["kubectl object", "stint status"]),
  );
}
