/** Operators that are wrong with workflows, each in one way. */
import type { ApiRequest } from "../../../api/port.ts";
import { forbidden } from "../apiserver/failure.ts";
import { TASKRUNS } from "../apiserver/resources.ts";
import { isRecord } from "../objects.ts";
import {
  type Body,
  deleteSeen,
  ended,
  isStatusWrite,
  merged,
  renamed,
  withBody,
  withStatus,
  type WrongOperator,
} from "../spoil.ts";

export const WRONG_WITH_WORKFLOWS: Readonly<Record<string, WrongOperator>> = {
  "starts a task before what it depends on has ended": {
    rule: "I7",
    scenario: "workflowDiamond",
    spoil: async (request, send) => {
      if (isTaskCreate(request, "a")) await send(withBody(request, (body) => asTask(renamed(body, "-early"), "d")));
      return await send(request);
    },
  },
  "starts a task after what it depends on has failed": {
    rule: "I7",
    scenario: "workflowFailure",
    spoil: async (request, send, memory) => {
      if (isTaskCreate(request, "a")) memory.set("create", request);
      const create = memory.get("create") as ApiRequest | undefined;
      if (isRunStatus(request) && statesOf(request).startsWith("F") && create !== undefined) {
        memory.delete("create");
        await send(withBody(create, (body) => asTask(renamed(body, "-anyway"), "b")));
      }
      return await send(request);
    },
  },
  "starts a part twice": {
    rule: "I7",
    scenario: "workflowMappedFails",
    spoil: async (request, send) => {
      const response = await send(request);
      if (isTaskCreate(request, "load")) await send(withBody(request, (body) => renamed(body, "-again")));
      return response;
    },
  },
  "starts more parts than may run at once": {
    rule: "I10",
    scenario: "workflowMappedFails",
    spoil: async (request, send) => {
      const response = await send(request);
      if (isTaskCreate(request, "load-1")) {
        const more = { "stint.dev/index": "2" };
        await send(withBody(request, (body) => relabelled(renamed(body, "-more"), more)));
      }
      return response;
    },
  },
  "starts something after the run was stopped": {
    rule: "I7",
    scenario: "workflowCancelled",
    spoil: async (request, send, memory) => {
      if (isTaskCreate(request, "a")) memory.set("create", request);
      const response = await send(request);
      const create = memory.get("create") as ApiRequest | undefined;
      if (isRunStatus(request) && statusOf(request)["stopped"] !== undefined && create !== undefined) {
        await send(withBody(create, (body) => asTask(renamed(body, "-late"), "b")));
      }
      return response;
    },
  },
  "ends the run without finally": {
    rule: "I12",
    scenario: "workflowMappedFails",
    spoil: (request, send) => {
      if (isTaskCreate(request, "tidy")) return Promise.resolve(forbidden(TASKRUNS, "tidy", "exceeded quota: none"));
      return send(isRunStatus(request) && statesOf(request).startsWith("SF.") ? withStatus(request, failed) : request);
    },
  },
  "starts finally while a task runs": {
    rule: "I7",
    scenario: "workflowFailFast",
    spoil: async (request, send) => {
      if (isTaskCreate(request, "a")) await send(withBody(request, (body) => asTask(renamed(body, "-early"), "tidy")));
      return await send(request);
    },
  },
  "ends the run while a task runs": {
    rule: "I12",
    scenario: "workflowDiamond",
    spoil: (request, send) =>
      send(isRunStatus(request) && statesOf(request).includes("R") ? withStatus(request, failed) : request),
  },
  "calls a failed task a success": {
    rule: "I11",
    scenario: "workflowHandledFailure",
    spoil: (request, send) =>
      send(
        isRunStatus(request)
          ? withStatus(request, (status) => withStates(status, (all) => all.replaceAll("F", "S")))
          : request,
      ),
  },
  "retries what succeeded": {
    rule: "I12",
    scenario: "workflowMappedRetried",
    spoil: (request, send) =>
      send(
        isRunStatus(request) && statusOf(request)["retry"] !== undefined && statusOf(request)["phase"] === "Running"
          ? withStatus(request, (status) => withStates(status, (all) => all.replace("S", ".")))
          : request,
      ),
  },
  "starts again what a retry keeps": {
    rule: "I7",
    scenario: "workflowMappedRetried",
    spoil: async (request, send) => {
      if (isTaskCreate(request, "load") && labelOf(request, "stint.dev/round") === "1") {
        await send(withBody(request, (body) => relabelled(renamed(body, "-too"), { "stint.dev/index": "0" })));
      }
      return await send(request);
    },
  },
  "forgets the states that a retry keeps": {
    rule: "I1",
    scenario: "workflowRetriedByName",
    spoil: (request, send, memory) => {
      const isRetried = isRunStatus(request) && statusOf(request)["retry"] !== undefined;
      const isFirst = isRetried && memory.get("recorded") === undefined;
      if (isRetried) memory.set("recorded", true);
      return send(
        isRetried && !isFirst
          ? withStatus(request, (status) => withStates(status, (all) => `.${all.slice(1)}`))
          : request,
      );
    },
  },
  "acts on a retry twice": {
    rule: "I12",
    scenario: "workflowMappedRetried",
    spoil: (request, send) =>
      send(
        isRunStatus(request) && isRecord(statusOf(request)["retry"])
          ? withStatus(request, (status) => ({ ...status, retry: merged(status["retry"] as Body, { round: 2 }) }))
          : request,
      ),
  },
  "gives a task another definition": {
    rule: "I8",
    scenario: "workflowEdited",
    spoil: (request, send) => send(isTaskCreate(request, "b") ? rewritten(request, "edition-1", "edition-2") : request),
  },
  "gives a part what another one is to have": {
    rule: "I9",
    scenario: "workflowMappedFails",
    spoil: (request, send) => send(isTaskCreate(request, "load-1") ? rewritten(request, '"y"', '"z"') : request),
  },
  "takes the new edition for a run under way": {
    rule: "I8",
    scenario: "workflowEdited",
    spoil: (request, send) =>
      send(
        isRunStatus(request) && statesOf(request).startsWith("S")
          ? withStatus(request, (status) => ({ ...status, revision: String(status["revision"]).replace("-1-", "-2-") }))
          : request,
      ),
  },
  "lets the definition of a run go": {
    rule: "Retention",
    scenario: "workflowEdited",
    spoil: async (request, send) => {
      const response = await send(request);
      if (isRunStatus(request) && statesOf(request).startsWith("S")) {
        const [base] = request.path.split("/workflowruns");
        const path = `${String(base).replace("stint.dev/v1alpha1", "apps/v1")}/controllerrevisions/${String(statusOf(request)["revision"])}`;
        await deleteSeen(path, await send({ method: "GET", path, timeoutMs: request.timeoutMs }), send);
      }
      return response;
    },
  },
  "never prunes revisions": {
    rule: "L1",
    scenario: "workflowHistory",
    spoil: (request, send) =>
      request.method === "DELETE" && request.path.includes("controllerrevisions")
        ? Promise.resolve({ status: 200, body: {} })
        : send(request),
  },
  "deletes a run that is to stay": {
    rule: "Retention",
    scenario: "workflowDiamond",
    spoil: async (request, send) => {
      const response = await send(request);
      if (isRunStatus(request) && statusOf(request)["phase"] === "Succeeded") {
        await deleteSeen(request.path.replace(/\/status$/, ""), response, send);
      }
      return response;
    },
  },
  "writes a run's status although nothing changed": {
    rule: "QuietWrites",
    scenario: "workflowDiamond",
    spoil: async (request, send) => {
      const response = await send(request);
      if (isRunStatus(request) && response.status === 200) {
        await send(withBody(request, (body) => ({ ...body, metadata: (response.body as Body)["metadata"] })));
      }
      return response;
    },
  },
  "edits a run that a person made": {
    rule: "Contract",
    scenario: "workflowNotThere",
    spoil: (request, send) =>
      send(request.method === "PATCH" ? withBody(request, (body) => ({ ...body, spec: { suspend: true } })) : request),
  },
  "runs one generation twice": {
    rule: "I13",
    scenario: "workflowDiamond",
    spoil: async (request, send) => {
      const response = await send(request);
      if (request.method === "POST" && request.path.endsWith("/workflowruns")) {
        await send(withBody(request, (body) => renamed(body, "x")));
      }
      return response;
    },
  },
};

/** `task` may be followed by the index of a part. */
function isTaskCreate({ method, path, body }: ApiRequest, task: string): boolean {
  if (method !== "POST" || !path.endsWith("/taskruns")) return false;
  const { labels } = (body as { readonly metadata: { readonly labels: Readonly<Record<string, string>> } }).metadata;
  const [name = "", index = "-1"] = [labels["stint.dev/task"], labels["stint.dev/index"]];
  return name === task || `${name}-${index}` === task;
}

function labelOf({ body }: ApiRequest, label: string): string | undefined {
  return (body as { readonly metadata: { readonly labels: Readonly<Record<string, string>> } }).metadata.labels[label];
}

function isRunStatus(request: ApiRequest): boolean {
  return isStatusWrite(request) && request.path.includes("/workflowruns/");
}

function statusOf({ body }: ApiRequest): Body {
  return (body as { readonly status: Body }).status;
}

function statesOf(request: ApiRequest): string {
  const { states } = statusOf(request);
  return typeof states === "string" ? states : "";
}

function withStates(status: Body, change: (states: string) => string): Body {
  const { states } = status;
  return typeof states === "string" ? { ...status, states: change(states) } : status;
}

function failed(status: Body): Body {
  return ended(status, "Failed");
}

function asTask(body: Body, task: string): Body {
  return relabelled(body, { "stint.dev/task": task });
}

function relabelled(body: Body, labels: Readonly<Record<string, string>>): Body {
  const metadata = body["metadata"] as { readonly labels: Body };
  return { ...body, metadata: { ...metadata, labels: { ...metadata.labels, ...labels } } };
}

function rewritten(request: ApiRequest, from: string, to: string): ApiRequest {
  return withBody(request, (body) => JSON.parse(JSON.stringify(body).replaceAll(from, to)) as Body);
}
