import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConnectionError, type ApiRequest, type ApiResponse, type Clock, type Log, type Port } from "./api/port.ts";
import type { Core, WatchState } from "./controller/core.ts";
import type { Lead, LeadState, Working } from "./lead/lead.ts";
import { COMPLAINT_INTERVAL_MS } from "./api/complaints.ts";
import { RETRY_MS, StintOperator, type LifecycleOptions } from "./lifecycle.ts";

const SERVED: ApiResponse = { status: 200, body: { resources: [{ name: "things" }] } };
const MISSING: ApiResponse = { status: 404, body: {} };
const CRD = `kind: CustomResourceDefinition
apiVersion: apiextensions.k8s.io/v1
metadata: { name: things.example.dev }
spec: { group: example.dev, names: { plural: things }, versions: [{ name: v1, served: true }] }
`;

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stint-crds-"));
  writeFileSync(join(folder, "things.yaml"), CRD);
  writeFileSync(join(folder, "kustomization.yaml"), "kind: Kustomization\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

it("begins the work at once when the definitions are served", async () => {
  const { operator, begun } = operatorWith(() => SERVED);
  expect(operator.notReady()).toBe("not started");
  await operator.start();

  expect(begun()).toBe(1);
  expect(operator.notReady()).toBeUndefined();
  expect(operator.watches()).toHaveLength(1);
});

it.each<[string, Partial<WatchState>[], string]>([
  ["which list is under way", [{}, { settled: false }], "the first list of pods is under way"],
  [
    "what is in the way, and where",
    [
      { namespace: "a", settled: false, trouble: "pods is forbidden" },
      { namespace: "b", settled: false },
    ],
    "cannot list pods in namespace a: pods is forbidden\nthe first list of pods in namespace b is under way",
  ],
])("says %s", async (_name, differing, want) => {
  const watch: WatchState = { resource: "pods", namespace: "", ageMs: 1, settled: true, trouble: undefined };
  const watches = differing.map((one) => ({ ...watch, ...one }));
  const begin = (): Core => ({ ready: () => false, watches: () => watches, stop: () => Promise.resolve() });
  const { operator } = operatorWith(() => SERVED, { begin });
  await operator.start();

  expect(operator.notReady()).toBe(want);
});

it("waits for missing definitions, says what to do, and repeats it once per while", async () => {
  let calls = 0;
  let unready: string | undefined;
  const wantCalls = Math.floor(COMPLAINT_INTERVAL_MS / RETRY_MS) + 2;
  const { operator, begun, lines } = operatorWith(() => {
    unready = operator.notReady();
    return ++calls < wantCalls ? MISSING : SERVED;
  });
  await operator.start();

  expect(begun()).toBe(1);
  expect(unready).toBe("custom resource definitions are missing: things.example.dev (v1)");
  const said = "custom resource definitions are missing (kubectl apply -k crds, or start with --install-crds)";
  expect(lines).toEqual([said, said]);
});

it("waits for a server that is away", async () => {
  let calls = 0;
  const { operator, begun, lines } = operatorWith(() => {
    if (++calls < 3) throw new ConnectionError("h: refused");
    return SERVED;
  });
  await operator.start();

  expect(begun()).toBe(1);
  expect(lines).toEqual(["the API server cannot be reached"]);
});

it("installs the definitions when asked to, through the base class", async () => {
  const posted: unknown[] = [];
  const stored = (): ApiResponse => ({
    status: 200,
    body: { status: { conditions: [{ type: "Established", status: "True" }] } },
  });
  const { operator, begun, lines } = operatorWith(
    (request) => {
      if (request.method === "POST") {
        posted.push(request.path);
        return { status: 201, body: {} };
      }
      if (request.path === "/apis/example.dev/v1") return SERVED;
      return posted.length === 0 ? MISSING : stored();
    },
    { installCrds: true },
  );
  await operator.start();

  expect(posted).toEqual(["/apis/apiextensions.k8s.io/v1/customresourcedefinitions"]);
  expect(begun()).toBe(1);
  expect(lines).toEqual(["custom resource definition created"]);
});

it("fails when the server will not have what it was asked to install", async () => {
  const { operator } = operatorWith(() => ({ status: 422, body: { message: "no" } }), { installCrds: true });

  await expect(operator.start()).rejects.toThrow("read things.example.dev: status 422: no");
});

it("without the right to install begins all the same, once an administrator has done it", async () => {
  let looks = 0;
  const { operator, begun, lines } = operatorWith(
    ({ path }) => {
      if (path !== "/apis/example.dev/v1") return { status: 403, body: { message: "no" } };
      return ++looks < 3 ? MISSING : SERVED;
    },
    { installCrds: true },
  );
  await operator.start();

  expect(begun()).toBe(1);
  expect(lines).toEqual([
    "no right to install the custom resource definitions (an administrator runs kubectl apply -k crds)",
    "custom resource definitions are missing (kubectl apply -k crds, or start with --install-crds)",
  ]);
});

it("never begins when it is stopped while it waits", async () => {
  const { operator, begun } = operatorWith(() => {
    operator.stop();
    return MISSING;
  });
  await operator.start();
  await operator.stopped();

  expect(begun()).toBe(0);
  expect(operator.notReady()).toBe("stopping");
});

/** A Lead that leads when it is told to. */
function aLead(): { lead: (begin: (port: Port) => Working) => Lead; win: (port: Port) => void; stops: () => number } {
  let [stops, begun]: [number, Working | undefined] = [0, undefined];
  let beginWith: (port: Port) => Working = () => ({ stop: () => Promise.resolve() });
  let state: LeadState = { at: "seeking" };
  const lead = (begin: (port: Port) => Working): Lead => {
    beginWith = begin;
    state = { at: "standingBy", holder: "other_1" };
    return {
      get state(): LeadState {
        return state;
      },
      notReady: () => undefined,
      standing: () => (state.at === "standingBy" ? "standing by: other_1 leads" : undefined),
      stuck: () => undefined,
      watches: () => [{ resource: "leases", namespace: "a", ageMs: 1, settled: true, trouble: undefined }],
      stop: async () => {
        stops += 1;
        await begun?.stop();
      },
    };
  };
  const win = (port: Port): void => {
    state = { at: "leading" };
    begun = beginWith(port);
  };
  return { lead, win, stops: () => stops };
}

describe("with several replicas", () => {
  it("stands by, ready, once the definitions are served, and works through the port it is given when it leads", async () => {
    const { lead, win, stops } = aLead();
    const ports: Port[] = [];
    const begin = (port: Port): Core => {
      ports.push(port);
      return { ready: () => true, watches: () => [], stop: () => Promise.resolve() };
    };
    const { operator } = operatorWith(() => SERVED, { lead, begin });
    await operator.start();
    const standing = [operator.notReady(), operator.standing(), operator.watches().length, ports.length];
    const fenced = { ...aPort(() => SERVED), random: () => 0.25 };
    win(fenced);
    // The definitions are looked for once more.
    await new Promise((resolve) => setImmediate(resolve));
    await operator.stopped();

    expect(standing).toEqual([undefined, "standing by: other_1 leads", 1, 0]);
    expect(ports).toEqual([fenced]);
    expect(stops()).toBe(1);
  });

  it("does not seek the lease where it could not work: definitions are missing", async () => {
    let seeking = false;
    const { operator } = operatorWith(
      () => {
        operator.stop();
        return MISSING;
      },
      {
        lead: (begin) => {
          seeking = true;
          return aLead().lead(begin);
        },
      },
    );
    await operator.start();

    expect(seeking).toBe(false);
  });

  it("installs definitions when it leads and not before; if they are refused it gives the lease back, and fails", async () => {
    const { lead, win, stops } = aLead();
    const asked: string[] = [];
    const failed = Promise.withResolvers<string>();
    const onFailed = (error: unknown): void => failed.resolve(`${stops()} stop: ${String(error)}`);
    const { operator } = operatorWith(() => SERVED, { lead, installCrds: true, onFailed });
    await operator.start();
    win(
      aPort(({ method, path }) => {
        asked.push(`${method} ${path.split("/").at(-1)}`);
        return { status: 422, body: { message: "no" } };
      }),
    );

    expect(await failed.promise).toBe("1 stop: CrdError: read things.example.dev: status 422: no");
    expect(asked).toEqual(["GET things.example.dev"]);
  });
});

interface Trial {
  readonly operator: StintOperator;
  readonly begun: () => number;
  readonly lines: string[];
}

function operatorWith(answer: (request: ApiRequest) => ApiResponse, differing: Partial<LifecycleOptions> = {}): Trial {
  const lines: string[] = [];
  let begun = 0;
  const note: Log["info"] = (message, fields) => {
    lines.push(fields?.["cure"] === undefined ? message : `${message} (${String(fields["cure"])})`);
  };
  const port = aPort(answer, note);
  const operator = new StintOperator({
    port,
    onFailed: (error) => {
      throw error;
    },
    version: "1.0.0",
    crdFolder: folder,
    installCrds: false,
    begin: () => {
      begun += 1;
      const watch = { resource: "things", namespace: "", ageMs: 1, settled: true, trouble: undefined };
      return { ready: () => true, watches: () => [watch], stop: () => Promise.resolve() };
    },
    ...differing,
  });
  return { operator, begun: () => begun, lines };
}

function aPort(answer: (request: ApiRequest) => ApiResponse, note: Log["info"] = () => undefined): Port {
  return {
    api: { request: async (request) => answer(request), stream: () => Promise.reject(new Error("no watch")) },
    clock: hurriedClock(),
    random: () => 0.5,
    log: { debug: () => undefined, info: note, warn: note, error: note },
    meter: { count: () => undefined, observe: () => undefined, set: () => undefined },
  };
}

/** Time passes as fast as it is waited for. */
function hurriedClock(): Clock {
  let nowMs = 0;
  return {
    now: () => nowMs,
    monotonic: () => nowMs,
    after: (delayMs, run) => {
      const handle = setImmediate(() => {
        nowMs += delayMs;
        run();
      });
      return () => clearImmediate(handle);
    },
  };
}
