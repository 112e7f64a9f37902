/** Objects that are wrong, huge or odd get an answer, and disturb nobody. */
import { describe, expect, it } from "vitest";
import { manifest, messageOf, reasonOf, shell, simulated, taskRunsPath, template } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";

const operator = operatorForFile();

/** Control characters but the line break. */
const CONTROLS = /(?!\n)\p{Cc}/u;

/** What every container's status must have. */
const CONTAINER = { image: "i", imageID: "", ready: false, restartCount: 0 };

const MAIN = { name: "main", image: "busybox:1.37" };

/** JSON text, because some of it cannot be said in JavaScript values. */
const HOSTILE: readonly (readonly [string, string, RegExp])[] = [
  [
    "a template of almost 1 MiB",
    json({ metadata: { annotations: large(5, 200_000) }, spec: { containers: [MAIN] } }),
    /annotations/,
  ],
  [
    "a template nested 1000 levels deep",
    `{"spec":{"containers":[{"name":"main","image":"i"}],"deep":${nested(1000)}}}`,
    /nested more than/,
  ],
  [
    "__proto__ as a label",
    '{"metadata":{"labels":{"__proto__":"polluted"}},"spec":{"containers":[{"name":"main","image":"i"}]}}',
    /__proto__|metadata\.labels/,
  ],
  [
    "__proto__ as a field",
    '{"spec":{"__proto__":{"containers":[]},"containers":[{"name":"main","image":"i"}]}}',
    /__proto__/,
  ],
  [
    "odd unicode as a name",
    json({ spec: { containers: [{ name: "\u202E\u{1F980}\u0000m\uD7FF", image: "i" }] } }),
    /containers\[0\]\.name/,
  ],
  [
    "1000 containers of the same name",
    json({ spec: { containers: Array.from({ length: 1000 }, () => MAIN) } }),
    /Duplicate value/,
  ],
  ["no containers", '{"spec":{}}', /containers must list/],
  ["a number where text belongs", '{"spec":{"containers":[{"name":"main","image":7}]}}', /image/],
  [
    "a misspelt field",
    json({ spec: { containers: [{ ...MAIN, comand: ["ls"] }] } }),
    /unknown field "spec\.containers\[0\]\.comand"/,
  ],
  [
    "an image without a name",
    json({ spec: { containers: [{ name: "main" }] } }),
    /spec\.containers\[0\]\.image: Required value/,
  ],
];

describe.concurrent("an invalid template ends the TaskRun as InvalidTemplate and is explained:", () => {
  it.for(HOSTILE)("%s", async ([, body, words], test) => {
    const room = await Room.open(test);
    const { status } = await create(room, "hostile", body);
    expect(status).toBe(201);
    const over = await room.over("hostile");

    expect(over.status.phase).toBe("Failed");
    expect(reasonOf(over)).toBe("InvalidTemplate");
    expect(messageOf(over)).toMatch(words);
    expect(messageOf(over).length).toBeLessThanOrEqual(1024);
    expect(await room.pods()).toEqual([]);
  });
});

it("one bad TaskRun never disturbs another: a good one beside all of them succeeds", async (test) => {
  needs(test, "simulated nodes");
  const room = await Room.open(test);
  await Promise.all(HOSTILE.map(([, body], index) => create(room, `hostile-${index}`, body)));
  await room.create("good", { template: simulated({ "run-for": "100ms" }) });
  const over = await room.over("good");

  expect(over.status).toMatchObject({ phase: "Succeeded" });
  expect((await operator().get("/healthz")).status).toBe(200);
  expect(operator().log.filter((line) => line.level === "error")).toEqual([]);
});

it("1000 containers in one pod are one TaskRun like any other", async (test) => {
  needs(test, "simulated nodes");
  const room = await Room.open(test);
  const wide = simulated({ "run-for": "100ms" });
  const containers = Array.from({ length: 1000 }, (_, index) => ({ name: `c${index}`, image: "simulated" }));
  await room.create("wide", { template: { ...wide, spec: { ...(wide["spec"] as object), containers } } });
  expect((await room.over("wide")).status).toMatchObject({ phase: "Succeeded", exitCode: 0 });
});

it("odd text in a task's own words reaches nobody's terminal or log as control characters", async (test) => {
  const { image } = needs(test, "real nodes");
  const room = await Room.open(test);
  const odd = shell(image, String.raw`printf '\033[31mred\007' > /dev/termination-log; exit 1`);
  await room.create("odd", { template: template(odd) });
  const over = await room.over("odd");

  expect(reasonOf(over)).toBe("ExitCode");
  // The table as kubectl prints it, and the log as whoever reads its JSON sees it.
  expect(await room.kubectl.run(["get", "tkr", "-o", "wide"])).not.toMatch(CONTROLS);
  const words = operator().log.flatMap((line) => Object.values(line).map(String));
  expect(words.filter((word) => CONTROLS.test(word))).toEqual([]);
  expect(messageOf(over)).not.toMatch(CONTROLS);
  expect(messageOf(over)).toContain("red");
});

it("a pod whose status says monstrous things cannot make its TaskRun's status large", async (test) => {
  needs(test, "simulated nodes");
  const room = await Room.open(test);
  await room.create("monster", { template: simulated({ "run-for": "forever" }) });
  const { status } = await room.running("monster");
  const loud = (words: string, times: number): string => `\u001b[31m\u202e\u0000${words.repeat(times)}`;
  const others = Array.from({ length: 3000 }, (_, index) => {
    return { ...CONTAINER, name: `c${index}`, state: { waiting: { reason: "Odd", message: "x".repeat(100) } } };
  });
  const end = { exitCode: 2_147_483_647, reason: loud("R", 10_000), message: loud("\u{1F980}\n", 50_000) };
  const conditions = [{ type: "DisruptionTarget", status: "False", reason: "Odd", message: loud("m", 30_000) }];
  const words = { reason: loud("Reason", 1000), message: loud("\u{1F4A5}", 20_000), conditions };
  const containerStatuses = [{ ...CONTAINER, name: "main", state: { terminated: end } }, ...others];
  const path = `/api/v1/namespaces/${room.namespace}/pods/${status.podName ?? ""}/status`;
  await room.client.call("PATCH", path, { status: { phase: "Failed", ...words, containerStatuses } });
  const over = await room.over("monster");

  expect(over.status).toMatchObject({ phase: "Failed", exitCode: 2_147_483_647 });
  expect(Buffer.byteLength(JSON.stringify(over.status))).toBeLessThan(16_384);
  expect(messageOf(over).length).toBeLessThanOrEqual(1024);
  expect(messageOf(over)).not.toMatch(CONTROLS);
  expect((await operator().get("/healthz")).status).toBe(200);
  await room.create("good", { template: simulated({ "run-for": "100ms" }) });
  expect((await room.over("good")).status.phase).toBe("Succeeded");
});

it("a TaskRun with the longest name there is runs", async (test) => {
  needs(test, "simulated nodes");
  const room = await Room.open(test);
  const name = `${"long.name-".repeat(25)}end`;
  expect(name).toHaveLength(253);
  await room.kubectl.apply(manifest(name, { template: simulated({ "run-for": "100ms" }) }));
  const over = await room.over(name);

  expect(over.status.phase).toBe("Succeeded");
  expect(over.status.podName?.length).toBeLessThanOrEqual(63);
});

async function create(room: Room, name: string, templateJson: string): Promise<{ status: number }> {
  const raw = `{"apiVersion":"stint.dev/v1alpha1","kind":"TaskRun","metadata":{"name":"${name}"},"spec":{"template":${templateJson}}}`;
  return await room.client.send("POST", taskRunsPath(room.namespace), raw);
}

function json(value: unknown): string {
  return JSON.stringify(value);
}

/** Annotations, each of which alone is allowed. */
function large(count: number, chars: number): Readonly<Record<string, string>> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`big-${index}`, "x".repeat(chars)]));
}

function nested(levels: number): string {
  return `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
}
