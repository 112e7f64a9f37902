/** From `kubectl apply` to the end of a task, on a real kubelet. */
import { describe, expect, it } from "vitest";
import { manifest, messageOf, reasonOf, shell, template } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";

operatorForFile();

describe.concurrent("a TaskRun", () => {
  it("runs in a pod of its own to its end, and kubectl get shows it", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    await room.kubectl.apply(manifest("hello", { template: template(shell(image, "echo hello from $HOSTNAME")) }));
    await room.kubectl.run(["wait", "--for=condition=Succeeded", "taskrun/hello", "--timeout=120s"], {
      limitMs: 130_000,
    });

    const [pod] = await room.pods("hello");
    const [row] = await room.kubectl.table(["taskruns", "-o", "wide"]);
    expect(row).toMatchObject({ NAME: "hello", STATUS: "Succeeded", REASON: "Succeeded", ATTEMPT: "1", EXIT: "0" });
    expect(row).toMatchObject({ POD: pod?.metadata.name, NODE: pod?.spec.nodeName });
    expect(row?.["MESSAGE"]).toContain("exit code 0");
    expect(row?.["DURATION"]).toMatch(/^(\d+m)?\d+s$/);
    const [narrow] = await room.kubectl.table(["tkr"]);
    expect(Object.keys(narrow ?? {})).toEqual(["NAME", "STATUS", "REASON", "ATTEMPT", "DURATION", "AGE"]);
    const log = await room.kubectl.run(["logs", "--selector=stint.dev/taskrun=hello"]);
    expect(log).toContain(`hello from ${pod?.metadata.name}`);
  });

  it("gets a status from the operator, and it never writes to spec, labels or annotations: kubectl diff stays empty", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    const applied = manifest("mine", { template: template(shell(image, "exit 0")), retry: { limit: 1 } });
    await room.kubectl.apply(applied);
    const { metadata } = await room.over("mine");

    expect(metadata).toMatchObject({ generation: 1 });
    expect(metadata.labels).toBeUndefined();
    expect(Object.keys(metadata.annotations ?? {})).toEqual(["kubectl.kubernetes.io/last-applied-configuration"]);
    expect(await room.kubectl.attempt(["diff", "-f", "-"], { input: applied })).toMatchObject({ code: 0, stdout: "" });
  });

  it("that fails shows its exit code and says where it comes from", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    await room.create("fail", { template: template(shell(image, "exit 42")) });
    // Unlike the condition, it says of every end that it has come.
    const anyEnd = "--for=jsonpath={.status.completionTime}";
    await room.kubectl.run(["wait", anyEnd, "taskrun/fail", "--timeout=120s"], { limitMs: 130_000 });
    const over = await room.taskRun("fail");

    expect(over.status).toMatchObject({ phase: "Failed", exitCode: 42, attempt: 1 });
    expect(over.status.conditions).toMatchObject([
      { type: "Succeeded", status: "False", reason: "ExitCode" },
      { type: "Stalled", status: "True", reason: "ExitCode" },
    ]);
    expect(messageOf(over)).toMatch(/main.*exit code 42/);
  });

  it("that needs more memory than its limit ends as OOMKilled", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    // tail keeps the last line, and this one has no end.
    const eater = shell(image, "exec tail /dev/zero", { resources: { limits: { memory: "32Mi" } } });
    await room.create("eater", { template: template(eater) });
    const over = await room.over("eater");

    expect(reasonOf(over)).toBe("OOMKilled");
    expect(over.status).toMatchObject({ phase: "Failed", exitCode: 137 });
    expect(messageOf(over)).toContain("resources.limits.memory");
  });

  it("ends with its main container, whatever its other containers do", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    const endless = shell(image, "trap 'exit 0' TERM; while :; do sleep 1; done", { name: "sidecar" });
    await room.create("sidecar", { template: template(endless, shell(image, "echo done")) });
    const over = await room.over("sidecar");

    expect(over.status).toMatchObject({ phase: "Succeeded", exitCode: 0, attempt: 1 });
    const states = await room.seePods(
      (pods) => [...pods.values()].every((pod) => pod.metadata.name !== over.status.podName),
      { what: "the pod to be stopped and gone" },
    );
    expect(states.size).toBe(0);
  });

  it("whose image cannot be pulled says so while it is pending", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    const missing = shell(image, "exit 0", { image: "registry.invalid/no/such:image" });
    await room.create("pull", { template: template(missing) });
    const seen = await room.see("pull", (one) => reasonOf(one) === "ImagePullFailed", { what: "ImagePullFailed" });

    expect(seen.status.phase).toBe("Pending");
    expect(messageOf(seen)).toMatch(/container main cannot be pulled/);
  });
});

describe.concurrent("retry", () => {
  it("waits, then starts a new pod, and says which attempt comes when", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    const attempt = { fieldRef: { fieldPath: "metadata.labels['stint.dev/attempt']" } };
    const second = shell(image, 'test "$ATTEMPT" = 2', { env: [{ name: "ATTEMPT", valueFrom: attempt }] });
    const backoff = { initialSeconds: 10, factor: 1, maxSeconds: 10 };
    await room.create("retry", { template: template(second), retry: { limit: 2, backoff } });
    const paused = await room.see("retry", (one) => one.status.nextAttemptTime !== undefined, { what: "the pause" });
    expect(paused.status).toMatchObject({ phase: "Pending", attempt: 1, exitCode: 1 });
    expect(reasonOf(paused)).toBe("BackingOff");
    expect(messageOf(paused)).toContain("Attempt 1 failed (retry 1 of 2)");

    const over = await room.over("retry");
    expect(over.status).toMatchObject({ phase: "Succeeded", attempt: 2, exitCode: 0 });
    expect(over.status.attempts).toMatchObject([
      { number: 1, reason: "ExitCode", exitCode: 1 },
      { number: 2, reason: "Succeeded", exitCode: 0 },
    ]);
    const [first, last] = over.status.attempts ?? [];
    const pods = new Map((await room.pods("retry")).map((pod) => [pod.metadata.name, pod]));
    expect(new Set(pods.keys())).toEqual(new Set([first?.podName, last?.podName]));
    expect(pods.size).toBe(2);
    const ended = Date.parse(first?.completionTime ?? "");
    const created = Date.parse(pods.get(last?.podName ?? "")?.metadata.creationTimestamp ?? "");
    // 10 s, shortened by up to a fifth; the API's times have whole seconds.
    const told = Date.parse(paused.status.nextAttemptTime ?? "");
    expect(created).toBeGreaterThanOrEqual(told);
    expect([8_000, 9_000, 10_000]).toContain(told - ended);
  });

  it("ends as RetriesExhausted, with every attempt on record", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    const backoff = { initialSeconds: 0, maxSeconds: 0 };
    await room.create("tries", { template: template(shell(image, "exit 7")), retry: { limit: 2, backoff } });
    const over = await room.over("tries");

    expect(reasonOf(over)).toBe("RetriesExhausted");
    expect(over.status).toMatchObject({ phase: "Failed", attempt: 3, exitCode: 7 });
    expect(over.status.attempts?.map(({ number, reason }) => [number, reason])).toEqual([
      [1, "ExitCode"],
      [2, "ExitCode"],
      [3, "ExitCode"],
    ]);
    expect(new Set(over.status.attempts?.map(({ podUID }) => podUID)).size).toBe(3);
    expect(messageOf(over)).toMatch(/The task failed 3 times .*exit code 7/);
  });
});
