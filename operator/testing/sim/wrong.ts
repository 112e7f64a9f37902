/**
 * Wrong operators: the real one behind a port that spoils what it sends, each in one way. The simulator must catch every
 * one of them; a check that catches none of its own is no check.
 */
import type { ApiPort, ApiRequest, Port } from "../../api/port.ts";
import { isRecord } from "./objects.ts";
import {
  isPodCreate,
  isStatusWrite,
  phaseOf,
  hasAttempts,
  isCompaction,
  deletePodOf,
  deleteSeen,
  withBody,
  withStatus,
  renamed,
  relabelled,
  unlabelled,
  inSpec,
  ended,
  withoutExitCodes,
  relabelledAttempts,
  merged,
  type Body,
  type Send,
  type WrongOperator,
} from "./spoil.ts";
import { WRONG_WITH_WORKFLOWS } from "./workflows/wrong.ts";
import type { StartOperator } from "./worldplan.ts";

const NO_FAILURES = { application: 0, infrastructure: 0 };

export const WRONG_OPERATORS: Readonly<Record<string, WrongOperator>> = {
  ...WRONG_WITH_WORKFLOWS,
  "creates a second pod under another name": {
    rule: "I1",
    scenario: "success",
    spoil: async (request, send) => {
      const response = await send(request);
      if (isPodCreate(request)) await send(withBody(request, (body) => renamed(body, "-again")));
      return response;
    },
  },
  "lets the kubelet restart containers": {
    rule: "I1",
    scenario: "success",
    spoil: (request, send) =>
      send(isPodCreate(request) ? withBody(request, (body) => inSpec(body, { restartPolicy: "OnFailure" })) : request),
  },
  "starts the next attempt while the last one runs": {
    rule: "I2",
    scenario: "success",
    spoil: async (request, send) => {
      const response = await send(request);
      if (isPodCreate(request)) await send(withBody(request, (body) => relabelled(renamed(body, "-2"), "2")));
      return response;
    },
  },
  "declares the end while the pod still runs": {
    rule: "I",
    scenario: "cancelWhileRunning",
    spoil: (request, send) =>
      send(isStatusWrite(request) ? withStatus(request, (status) => ended(status, "Cancelled")) : request),
  },
  "makes a pod without the PodTemplate": {
    rule: "I7",
    scenario: "templateThere",
    spoil: (request, send) => send(isPodCreate(request) ? withBody(request, unlabelled) : request),
  },
  "creates a pod after the end": {
    rule: "I3",
    scenario: "success",
    spoil: async (request, send, memory) => {
      if (isPodCreate(request)) memory.set("create", request);
      const response = await send(request);
      const create = memory.get("create") as ApiRequest | undefined;
      if (isStatusWrite(request) && phaseOf(request) === "Succeeded" && create !== undefined) {
        await send(withBody(create, (body) => relabelled(renamed(body, "-2"), "2")));
      }
      return response;
    },
  },
  "overwrites a terminal status": {
    rule: "I3",
    scenario: "success",
    spoil: async (request, send) => {
      const response = await send(request);
      if (!isStatusWrite(request) || phaseOf(request) !== "Succeeded" || response.status !== 200) return response;
      const now = (response.body as { readonly metadata: unknown }).metadata;
      const again = withStatus(request, (status) => ended(status, "Failed"));
      await send(withBody(again, (body) => ({ ...body, metadata: now })));
      return response;
    },
  },
  "loses the exit code": {
    rule: "I4",
    scenario: "failure",
    spoil: (request, send) => send(isStatusWrite(request) ? withStatus(request, withoutExitCodes) : request),
  },
  "calls a failed task a success": {
    rule: "I4",
    scenario: "failure",
    spoil: (request, send) =>
      send(
        isStatusWrite(request) && phaseOf(request) === "Failed"
          ? withStatus(request, (status) => ended(status, "Succeeded"))
          : request,
      ),
  },
  "calls a success that ended by itself a deadline": {
    rule: "I4",
    scenario: "success",
    spoil: (request, send) =>
      send(
        isStatusWrite(request) && phaseOf(request) === "Succeeded"
          ? withStatus(request, (status) => relabelledAttempts(ended(status, "Failed"), "DeadlineExceeded"))
          : request,
      ),
  },
  "counts no failure": {
    rule: "L1",
    scenario: "twoBudgets",
    spoil: (request, send) =>
      send(isStatusWrite(request) ? withStatus(request, (status) => ({ ...status, failures: NO_FAILURES })) : request),
  },
  "forgets how much memory was needed": {
    rule: "L1",
    scenario: "oomGrowth",
    spoil: (request, send) =>
      send(isStatusWrite(request) ? withStatus(request, (status) => ({ ...status, memory: undefined })) : request),
  },
  "takes a suspension for somebody's deletion": {
    rule: "I6",
    scenario: "resumedWhileStopping",
    spoil: (request, send) =>
      send(
        isStatusWrite(request) ? withStatus(request, (status) => relabelledAttempts(status, "PodDeleted")) : request,
      ),
  },
  "tells of an attempt twice": {
    rule: "E1",
    scenario: "retriesExhausted",
    spoil: async (request, send) => {
      if (request.path.endsWith("/events")) await send(withBody(request, (body) => renamed(body, "-again")));
      return await send(request);
    },
  },
  "deletes without a uid precondition": {
    rule: "I5",
    scenario: "cancelWhileRunning",
    spoil: (request, send) => send(request.method === "DELETE" ? { ...request, body: {} } : request),
  },
  "deletes a stranger's pod": {
    rule: "I5",
    scenario: "strangersPod",
    spoil: async (request, send) => {
      const response = await send(request);
      const taken = isRecord(response.body) && isRecord(response.body["metadata"]) ? response.body["metadata"] : {};
      if (request.method === "GET" && typeof taken["uid"] === "string") {
        await send({ ...request, method: "DELETE", body: { preconditions: { uid: taken["uid"] } } });
      }
      return response;
    },
  },
  "writes status without resourceVersion": {
    rule: "I6",
    scenario: "success",
    spoil: (request, send) =>
      send(
        isStatusWrite(request)
          ? withBody(request, (body) => ({
              ...body,
              metadata: { ...(body["metadata"] as object), resourceVersion: undefined },
            }))
          : request,
      ),
  },
  "lets phase and condition disagree": {
    rule: "I6",
    scenario: "success",
    spoil: (request, send) =>
      send(isStatusWrite(request) ? withStatus(request, (status) => ({ ...status, conditions: [] })) : request),
  },
  "still says Reconciling at the end": {
    rule: "I6",
    scenario: "success",
    spoil: (request, send) =>
      send(
        isStatusWrite(request) && phaseOf(request) === "Succeeded"
          ? withStatus(request, (status) => {
              const [succeeded] = status["conditions"] as readonly Body[];
              return { ...status, conditions: [succeeded, { ...succeeded, type: "Reconciling" }] };
            })
          : request,
      ),
  },
  "counts attempts backwards": {
    rule: "I6",
    scenario: "retryThenSuccess",
    spoil: (request, send) =>
      send(
        isStatusWrite(request) && phaseOf(request) === "Succeeded"
          ? withStatus(request, (status) => ({ ...status, attempt: 0 }))
          : request,
      ),
  },
  "writes a field the CRD does not have": {
    rule: "I6",
    scenario: "success",
    spoil: (request, send) =>
      send(isStatusWrite(request) ? withStatus(request, (status) => ({ ...status, progress: "half" })) : request),
  },
  "edits the spec": {
    rule: "Contract",
    scenario: "success",
    spoil: (request, send) =>
      send(isStatusWrite(request) ? { ...request, path: request.path.replace(/\/status$/, "") } : request),
  },
  "deletes a pod before its end is recorded": {
    rule: "I4",
    scenario: "neverKept",
    spoil: async (request, send) => {
      if (hasAttempts(request)) await deletePodOf(request, send);
      return await send(request);
    },
  },
  "deletes a pod that is to stay": {
    rule: "Retention",
    scenario: "keptOnFailure",
    spoil: async (request, send) => {
      const response = await send(request);
      if (hasAttempts(request)) await deletePodOf(request, send);
      return response;
    },
  },
  "deletes a TaskRun before its time": {
    rule: "Retention",
    scenario: "timeToLive",
    spoil: async (request, send) => {
      const response = await send(request);
      if (isStatusWrite(request) && phaseOf(request) === "Failed") {
        await deleteSeen(request.path.replace(/\/status$/, ""), response, send);
      }
      return response;
    },
  },
  "compacts before its time": {
    rule: "Retention",
    scenario: "compacted",
    spoil: (request, send) =>
      send(
        isStatusWrite(request) && phaseOf(request) === "Succeeded"
          ? withStatus(request, ({ attempts: _gone, ...status }) => ({ ...status, compacted: true }))
          : request,
      ),
  },
  "deletes what is to be compacted": {
    rule: "Retention",
    scenario: "compacted",
    spoil: async (request, send) => {
      if (!isCompaction(request)) return await send(request);
      const path = request.path.replace(/\/status$/, "");
      await deleteSeen(path, await send({ method: "GET", path, timeoutMs: request.timeoutMs }), send);
      return await send(request);
    },
  },
  "forgets the words of the outcome when it compacts": {
    rule: "I4",
    scenario: "compacted",
    spoil: (request, send) =>
      send(
        isCompaction(request)
          ? withStatus(request, (status) => ({
              ...status,
              conditions: (status["conditions"] as readonly Body[]).map((one) => merged(one, { message: "" })),
            }))
          : request,
      ),
  },
  "never deletes what has lived long enough": {
    rule: "L1",
    scenario: "timeToLive",
    spoil: (request, send) =>
      request.method === "DELETE" ? Promise.resolve({ status: 200, body: {} }) : send(request),
  },
  "writes on although nothing changes": {
    rule: "L1",
    scenario: "success",
    spoil: async (request, send, memory) => {
      if (isStatusWrite(request)) memory.set("status", request);
      return await send(request);
    },
  },
  "never creates the pod": {
    rule: "L1",
    scenario: "success",
    spoil: (request, send) =>
      isPodCreate(request) ? Promise.resolve({ status: 503, body: undefined }) : send(request),
  },
  "leaves the sidecar running": {
    rule: "L1",
    scenario: "sidecar",
    spoil: (request, send) =>
      request.method === "DELETE" ? Promise.resolve({ status: 200, body: {} }) : send(request),
  },
};

/** How often the restless one writes. */
const RESTLESS_EVERY_MS = 90_000;

/** The wrong operator, as the simulator starts it. */
export function startWrong(start: StartOperator, name: string): StartOperator {
  return (port, seat) => {
    const memory = new Map<string, unknown>();
    const { api } = port;
    const send: Send = (request) => api.request(request);
    const spoil = WRONG_OPERATORS[name]?.spoil;
    if (spoil === undefined) throw new Error(`no wrong operator ${name}`);
    if (name === "writes on although nothing changes") startRestless(port, memory);
    const spoilt: ApiPort = {
      request: (request) => spoil(request, send, memory),
      stream: (request, signal) => api.stream(request, signal),
    };
    return start({ ...port, api: spoilt }, seat);
  };
}

function startRestless(port: Port, memory: Map<string, unknown>): void {
  port.clock.after(RESTLESS_EVERY_MS, () => {
    const request = memory.get("status") as ApiRequest | undefined;
    if (request !== undefined) void port.api.request(request).catch(() => undefined);
    startRestless(port, memory);
  });
}
