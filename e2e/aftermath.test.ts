/** What happens after the end: which pods stay, and what becomes of a TaskRun when its time to live is over. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump } from "js-yaml";
import { describe, expect, it } from "vitest";
import { inWords, operatorWrites } from "./support/audit.ts";
import {
  ATTEMPT,
  podsPath,
  shell,
  simulated,
  taskRunsPath,
  template,
  type Pod,
  type TaskRun,
} from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForTest } from "./support/running.ts";
import { poll, untilAll } from "./support/waiting.ts";

/** Attempt 1 fails, attempt 2 succeeds. */
const SECOND = 'echo attempt $ATTEMPT; test "$ATTEMPT" = 2';
const AT_ONCE = { limit: 1, backoff: { initialSeconds: 0, maxSeconds: 0 } };

describe.concurrent("podRetention", () => {
  it.for([
    ["Always", [1, 2]],
    ["OnFailure", [1]],
    ["Never", []],
  ] as const)(
    "%s keeps, of a failed attempt and one that succeeds, the pods %j",
    async ([podRetention, kept], test) => {
      const { image } = needs(test, "real nodes");
      const room = await Room.open(test);
      operatorForTest(test, [`--namespaces=${room.namespace}`]);
      const main = shell(image, SECOND, { env: [ATTEMPT] });
      await room.create("task", { template: template(main), retry: AT_ONCE, podRetention });
      const { status } = await room.over("task");
      expect(status).toMatchObject({ phase: "Succeeded", attempts: [{ reason: "ExitCode" }, { reason: "Succeeded" }] });
      const names = kept.map((number) => status.attempts?.[number - 1]?.podName ?? "?");

      const left = await room.seePods((pods) => pods.size <= names.length, { what: `${names.length} pods to stay` });
      expect([...left.keys()].toSorted()).toEqual(names.toSorted());
      for (const [index, name] of names.entries()) {
        expect(await room.kubectl.run(["logs", name])).toContain(`attempt ${kept[index]}`);
      }
      expect((await room.taskRun("task")).status).toEqual(status);
    },
  );

  it.for(["Always", "Never"] as const)("%s costs one deletion for each pod that goes", async (podRetention, test) => {
    const { dir } = needs(test, "own cluster", "simulated nodes");
    const room = await Room.open(test);
    operatorForTest(test, [`--namespaces=${room.namespace}`]);
    const plays = simulated({ "run-for": "10ms", "exit-code": "1" });
    await room.create("task", { template: plays, retry: AT_ONCE, podRetention });
    const { status } = await room.over("task");
    const goes = podRetention === "Never" ? (status.attempts ?? []).map(({ podName = "?" }) => podName) : [];
    await room.seePods((pods) => pods.size === 2 - goes.length, { what: "the pods to go" });
    const said = await writesOf(dir, room);

    expect(said.filter((words) => words.startsWith("delete"))).toEqual(goes.map((pod) => `delete pods ${pod}: 200`));
    for (const pod of goes) {
      // First the end is recorded, then the pod is deleted.
      const before = said.slice(0, said.indexOf(`delete pods ${pod}: 200`));
      const created = before.indexOf(`create pods ${pod}: 201`);
      expect(before.slice(created)).toContain("update taskruns/status task: 200");
    }
  });
});

describe.concurrent("ttlSecondsAfterFinished", () => {
  it("deletes a finished TaskRun and its pods, not before, and by one call", async (test) => {
    const { dir } = needs(test, "own cluster", "simulated nodes");
    const room = await Room.open(test);
    operatorForTest(test, [`--namespaces=${room.namespace}`]);
    await room.create("task", { template: simulated({ "run-for": "10ms" }), ttlSecondsAfterFinished: 4 });
    const { status } = await room.over("task");
    await allGone(room);
    const writes = await operatorWrites(dir, room.namespace);
    const deletions = writes.filter(({ verb }) => verb === "delete");

    expect(deletions.map(inWords)).toEqual(["delete taskruns task: 200"]);
    const asked = Date.parse(deletions[0]?.requestReceivedTimestamp ?? "");
    expect(asked).toBeGreaterThanOrEqual(Date.parse(status.completionTime ?? "") + 4_000);
  });

  it("compacts with ttlAction Compact: the pods go, then one write leaves the outcome", async (test) => {
    const { dir } = needs(test, "own cluster", "simulated nodes");
    const room = await Room.open(test);
    operatorForTest(test, [`--namespaces=${room.namespace}`]);
    const plays = simulated({ "run-for": "10ms", "exit-code": "6" });
    const ttl = { ttlSecondsAfterFinished: 4, ttlAction: "Compact" } as const;
    await room.create("task", { template: plays, retry: AT_ONCE, ...ttl });
    const { status: whole } = await room.over("task");
    const before = await writesOf(dir, room);
    const { status } = await room.see("task", (one) => one.status.compacted === true, { what: "it to be compacted" });

    const { attempts = [], podName: _name, podUID: _uid, nodeName: _node, log: _log, ...outcome } = whole;
    expect(status).toMatchObject({ ...outcome, compacted: true });
    expect(status).toMatchObject({ phase: "Failed", exitCode: 6, attempt: 2 });
    expect(status.workHash).toMatch(/^[0-9a-f]{16}$/);
    expect(JSON.stringify(status)).not.toMatch(/podName|podUID|nodeName/);
    expect(await room.pods()).toEqual([]);
    const after = (await writesOf(dir, room)).slice(before.length);
    const deletions = attempts.map(({ podName }) => `delete pods ${podName}: 200`);
    expect(after.slice(0, -1).toSorted()).toEqual(deletions.toSorted());
    expect(after.at(-1)).toBe("update taskruns/status task: 200");
  });

  it("is kept though it passed while no operator ran", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    const flags = [`--namespaces=${room.namespace}`];
    const first = await operatorForTest(test, flags).ready();
    const plays = { template: simulated({ "run-for": "10ms" }), ttlSecondsAfterFinished: 15 };
    await room.create("deleted", plays);
    await room.create("compacted", { ...plays, ttlAction: "Compact" });
    await room.create("stays", { ...plays, ttlSecondsAfterFinished: 315_360_000 });
    const names = ["deleted", "compacted", "stays"];
    const ends = await Promise.all(names.map((name) => room.over(name)));
    await first.kill();
    const last = Math.max(...ends.map(({ status }) => Date.parse(status.completionTime ?? "")));
    await poll(async () => await Promise.resolve(Date.now() >= last + 15_000 ? true : undefined), {
      what: "the time to pass",
      limitMs: 60_000,
    });
    expect((await seen(room)).length).toBe(3);
    const second = operatorForTest(test, flags);
    await room.see("compacted", ({ status }) => status.compacted === true, { what: "it to be compacted" });
    await untilAll<TaskRun>(room.client, taskRunsPath(room.namespace), (all) => !all.has("deleted"), {
      what: "the other to be deleted",
    });

    expect(await seen(room)).toEqual(["compacted", "stays"]);
    expect((await room.pods("stays")).length).toBe(1);
    expect(second.log.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("that is refused is tried again, and leaves the outcome's words as they are", async (test) => {
    const { dir } = needs(test, "own cluster", "simulated nodes");
    const room = await Room.open(test);
    await room.create("task", { template: simulated({ "run-for": "10ms" }), ttlSecondsAfterFinished: 0 });
    const allow = await forbidDeletion(room, "task");
    test.onTestFinished(allow);
    const operator = operatorForTest(test, [`--namespaces=${room.namespace}`]);
    const { status } = await room.over("task");
    const line = await operator.logged("passes fail, will try again");
    expect(String(line["error"])).toContain("nothing is deleted here");
    expect((await room.taskRun("task")).status).toEqual(status);
    await allow();
    await allGone(room);

    const said = await writesOf(dir, room);
    expect(said.filter((words) => words === "update taskruns/status task: 200").length).toBeLessThanOrEqual(2);
    expect(said.at(-1)).toBe("delete taskruns task: 200");
  });
});

describe.concurrent("the operator's configuration", () => {
  it("says what holds for TaskRuns that do not say it themselves", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    const folder = await mkdtemp(join(tmpdir(), "stint-aftermath-"));
    test.onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "config.yaml");
    await writeFile(file, dump({ defaults: { podRetention: "Never", ttlSecondsAfterFinished: 6 } }));
    operatorForTest(test, [`--namespaces=${room.namespace}`, `--config=${file}`]);
    const plays = { template: simulated({ "run-for": "10ms" }) };
    await room.create("silent", plays);
    await room.create("keeps", { ...plays, podRetention: "Always", ttlSecondsAfterFinished: 600 });
    await Promise.all([room.over("silent"), room.over("keeps")]);
    await room.seePods((pods) => pods.size === 1, { what: "the pod of the silent one to go" });

    expect(await seen(room)).toEqual(["keeps", "silent"]);
    await untilAll<TaskRun>(room.client, taskRunsPath(room.namespace), (all) => !all.has("silent"), {
      what: "the silent one to be deleted",
    });
    expect((await room.pods("keeps")).length).toBe(1);
  });
});

/** A retried deletion comes a minute or two after the last one. */
const GONE_LIMIT_MS = 240_000;

async function allGone(room: Room): Promise<void> {
  const what = { what: "all to be gone", limitMs: GONE_LIMIT_MS };
  await untilAll<TaskRun>(room.client, taskRunsPath(room.namespace), (all) => all.size === 0, what);
  await untilAll<Pod>(room.client, podsPath(room.namespace), (all) => all.size === 0, what);
}

async function seen(room: Room): Promise<readonly string[]> {
  const all = await room.kubectl.run(["get", "taskruns", "-o", "name"]);
  return all
    .trim()
    .split("\n")
    .map((line) => line.replace(/.*\//, ""));
}

/** Without events: they come beside the other writes, in their own time. */
async function writesOf(dir: string, room: Room): Promise<readonly string[]> {
  const words = (await operatorWrites(dir, room.namespace)).map(inWords);
  return words.filter((one) => !one.startsWith("create events "));
}

/** An admission policy by which no TaskRun of the namespace, such as this one, can be deleted. Returns what takes it away. */
async function forbidDeletion({ namespace, client, kubectl }: Room, name: string): Promise<() => Promise<void>> {
  const policy = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: namespace },
    spec: {
      matchConstraints: {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        resourceRules: [
          { apiGroups: ["stint.dev"], apiVersions: ["*"], operations: ["DELETE"], resources: ["taskruns"] },
        ],
      },
      validations: [{ expression: "false", message: "nothing is deleted here" }],
    },
  };
  const spec = { policyName: namespace, validationActions: ["Deny"] };
  const binding = { ...policy, kind: "ValidatingAdmissionPolicyBinding", spec };
  await kubectl.apply({ apiVersion: "v1", kind: "List", items: [policy, binding] });
  // It counts once the API server has compiled it.
  const counts = async (): Promise<true | undefined> => {
    const { status } = await client.send("DELETE", `${taskRunsPath(namespace)}/${name}?dryRun=All`);
    return status >= 400 ? true : undefined;
  };
  await poll(counts, { what: "the policy to count" });
  return async () => {
    await kubectl.run(["delete", "--ignore-not-found", "validatingadmissionpolicybinding", namespace]);
    await kubectl.run(["delete", "--ignore-not-found", "validatingadmissionpolicy", namespace]);
  };
}
