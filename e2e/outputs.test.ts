/** What comes out of an attempt, on a real kubelet: results, last words, the end of the log; and what sidecars do to it. */
import { describe, expect, it } from "vitest";
import { messageOf, OBEDIENT, reasonOf, shell, template } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";

operatorForFile();

const ENDLESS = "while :; do sleep 1; done";

function results(...names: readonly string[]): { readonly name: string }[] {
  return names.map((name) => ({ name }));
}

describe.concurrent("results", () => {
  it("come from the termination message into status.results, where kubectl finds them", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    const writes = String.raw`printf '{"rows":12345678901234567890,"where":"s3://x","deep":{"a":[1.10]},"other":1}' > /dev/termination-log`;
    await room.create("hands", { template: template(shell(image, writes)), results: results("rows", "where", "deep") });
    const over = await room.over("hands");

    expect(over.status).toMatchObject({ phase: "Succeeded", attempt: 1 });
    expect(over.status.results).toEqual({ rows: "12345678901234567890", where: "s3://x", deep: '{"a":[1.10]}' });
    const rows = ["get", "tkr", "hands", "-o", "jsonpath={.status.results.rows}"];
    expect(await room.kubectl.run(rows)).toBe("12345678901234567890");
  });

  it.for([
    [
      "of which one is missing",
      `printf '{"rows":1}' > /dev/termination-log`,
      "MissingResult",
      /the result where \(it wrote rows\)/,
    ],
    ["that nobody wrote", "true", "MissingResult", /the results rows, where \(it wrote none\)/],
    ["that are no JSON", "echo 42 rows > /dev/termination-log", "InvalidResult", /no JSON: 42 rows\./],
    [
      "longer than a kubelet keeps",
      `{ printf '{"rows":"'; head -c 5000 /dev/zero | tr '\\0' x; printf '"}'; } > /dev/termination-log`,
      "InvalidResult",
      /kept 4,096 bytes/,
    ],
  ] as const)("%s fail the task, which says how to write them", async ([, script, reason, words], test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    await room.create("lacks", { template: template(shell(image, script)), results: results("rows", "where") });
    const over = await room.over("lacks");

    expect(over.status).toMatchObject({ phase: "Failed", exitCode: 0 });
    expect(reasonOf(over)).toBe(reason);
    expect(messageOf(over)).toMatch(words);
    expect(messageOf(over)).toContain("/dev/termination-log");
    expect(over.status.results).toBeUndefined();
  });
});

describe.concurrent("a task that fails", () => {
  it("says why in its own words", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    await room.create("words", {
      template: template(shell(image, "echo no such table > /dev/termination-log; exit 4")),
    });
    const over = await room.over("words");

    expect(messageOf(over)).toBe("Container main ended with exit code 4: no such table.");
    expect(over.status.log).toBeUndefined();
  });

  it("leaves the end of its log where its template asks the kubelet for it", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    const script = String.raw`for i in $(seq 500); do echo "line $i"; done; printf '\033[31mno rows\033[0m\n'; exit 3`;
    const main = shell(image, script, { terminationMessagePolicy: "FallbackToLogsOnError" });
    await room.create("log", { template: template(main) });
    const { status, ...over } = await room.over("log");

    expect(messageOf({ status, ...over })).toBe("Container main ended with exit code 3: no rows.");
    expect(status.log?.tail).toMatch(/line 499\nline 500\nno rows$/);
    expect(status.log?.tail?.split("\n").length).toBeGreaterThan(50);
    expect(status.log?.tail?.length).toBeLessThanOrEqual(2048);
    const [attempt] = status.attempts ?? [];
    expect(attempt?.log?.tail).toMatch(/^line \d+\n[^]*\nno rows$/);
    expect(attempt?.log?.tail?.length).toBeLessThanOrEqual(1024);
  });
});

describe.concurrent("beside the main container", () => {
  it.for([
    ["a native sidecar that ignores SIGTERM", { native: `trap '' TERM; ${ENDLESS}` }],
    ["a native sidecar that crashes again and again", { native: "exit 1" }],
    ["a container that ignores SIGTERM", { beside: `trap '' TERM; ${ENDLESS}` }],
    ["a container that fails", { beside: "exit 9" }],
    ["a container that runs out of memory", { beside: "exec tail /dev/zero", memory: "16Mi" }],
  ] as const)("%s takes nothing from its success", async ([, wish], test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    const { native, beside, memory } = { native: undefined, beside: undefined, memory: undefined, ...wish };
    const limits = memory && { resources: { limits: { memory } } };
    const main = shell(image, `sleep 3; printf '{"done":"yes"}' > /dev/termination-log`);
    const inits = native === undefined ? [] : [shell(image, native, { name: "proxy", restartPolicy: "Always" })];
    const containers = beside === undefined ? [main] : [shell(image, beside, { name: "proxy", ...limits }), main];
    const spec = { terminationGracePeriodSeconds: 3, initContainers: inits, containers };
    await room.create("task", { template: { spec }, results: results("done") });
    const over = await room.over("task");

    expect(over.status).toMatchObject({ phase: "Succeeded", attempt: 1, exitCode: 0, results: { done: "yes" } });
    // Nothing of it runs any more.
    const running = (await room.pods("task")).flatMap(({ status }) =>
      (status.containerStatuses ?? []).filter(({ state }) => state.running !== undefined),
    );
    expect(running).toEqual([]);
  });

  it("an init container that fails fails the task, which says that it never started", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    const setup = shell(image, "exit 7", { name: "setup" });
    await room.create("init", { template: { spec: { initContainers: [setup], containers: [shell(image, "true")] } } });
    const over = await room.over("init");

    expect(reasonOf(over)).toBe("ExitCode");
    expect(messageOf(over)).toBe("Init container setup ended with exit code 7; the task itself never started.");
    expect(over.status.exitCode).toBeUndefined();
  });

  it.for([
    [
      "whose image cannot be pulled",
      { image: "registry.invalid/no/such:image" },
      "ImagePullFailed",
      /of container proxy cannot be pulled/,
    ],
    [
      "that crashes before it is ready",
      { command: ["sh", "-c", "exit 1"], startupProbe: { exec: { command: ["false"] } } },
      "ContainerCreateFailed",
      /Container proxy ends again and again \(CrashLoopBackOff\)/,
    ],
  ] as const)("a native sidecar %s keeps the task waiting, which says so", async ([, wrong, reason, words], test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    const proxy = shell(image, OBEDIENT, { name: "proxy", restartPolicy: "Always", ...wrong });
    await room.create("waits", { template: { spec: { initContainers: [proxy], containers: [shell(image, "true")] } } });
    const seen = await room.see("waits", (one) => reasonOf(one) === reason, { what: reason });

    expect(seen.status.phase).toBe("Pending");
    expect(messageOf(seen)).toMatch(words);
  });
});
