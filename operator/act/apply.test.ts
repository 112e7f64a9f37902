import { describe, expect, it } from "vitest";
import type { Action } from "../api/action.ts";
import { ConnectionError } from "../api/port.ts";
import type { ApiResponse } from "../api/port.ts";
import { aTaskRun, podJson } from "../testing/make.ts";
import type { PodWish } from "../testing/make.ts";
import { aWorld, refusal } from "../testing/scripted.ts";
import { apply, findCreated } from "./apply.ts";
import { Cluster } from "./cluster.ts";

const create = { kind: "CreatePod", name: "train-1-abc", attempt: 1 } as const;
const remove = { kind: "DeletePod", name: "p", uid: "u", resourceVersion: "5", because: "Cancelled" } as const;
const manifest = async (): Promise<Record<string, unknown>> => await Promise.resolve({ kind: "Pod" });
const exists = refusal(409, "AlreadyExists");
const pod = (wish: PodWish = {}): ApiResponse => ({
  status: 200,
  body: podJson("running", { name: create.name, ...wish }),
});

/** The answers in their order, by method. */
interface Answers {
  readonly POST?: ApiResponse;
  readonly GET?: ApiResponse;
  readonly DELETE?: ApiResponse;
}

function carryOut(action: Action, answers: Answers) {
  const { cluster, seen } = aClusterThat(answers);
  return { seen, result: apply(action, aTaskRun(), cluster, manifest) };
}

function aClusterThat(answers: Answers) {
  const world = aWorld({
    request: ({ method }) => {
      const answer = method === "PUT" || method === "PATCH" ? undefined : answers[method];
      if (answer === undefined) throw new ConnectionError("nobody answers");
      return answer;
    },
  });
  return { cluster: new Cluster(world.port), seen: world.seen };
}

describe("creating a pod", () => {
  it("tells what was made", async () => {
    const made = { ...pod({ uid: "u9" }), status: 201 };
    const { result } = carryOut(create, { POST: made });

    await expect(result).resolves.toEqual({ kind: "done", pod: made.body });
  });

  it("whose name is taken by our own earlier create is done", async () => {
    const found = pod({ uid: "u9" });
    const { result } = carryOut(create, { POST: exists, GET: found });

    await expect(result).resolves.toEqual({ kind: "done", pod: found.body });
  });

  it.each([
    ["another uid of the same name", { owner: { uid: "uid-of-an-earlier-train" } }, /belongs to TaskRun train\./],
    ["another TaskRun", { owner: { name: "other", uid: "u2" } }, /belongs to TaskRun other\./],
    ["a Job", { owner: { kind: "Job" } }, /belongs to another owner\./],
    ["ourselves, but of another attempt", { attempt: 2 }, /belongs to/],
    ["ourselves, but of no attempt", { attempt: "x" }, /belongs to/],
  ])("whose name is taken by a pod of %s is refused", async (_, wish, want) => {
    const { result } = carryOut(create, { POST: exists, GET: pod(wish) });

    await expect(result).resolves.toMatchObject({
      kind: "refused",
      refusal: { kind: "NameTaken", message: expect.stringMatching(want) as unknown },
    });
  });

  it("whose name was taken and is free again is tried again", async () => {
    const { result } = carryOut(create, { POST: exists, GET: refusal(404, "NotFound") });

    await expect(result).rejects.toMatchObject({ kind: "gone" });
  });

  it.each([
    [refusal(422, "Invalid", "spec.containers: Required"), "Invalid"],
    [refusal(400, "BadRequest", "strict decoding error"), "Invalid"],
    [refusal(403, "Forbidden", "exceeded quota: small"), "Quota"],
    [refusal(403, "Forbidden", 'violates PodSecurity "restricted"'), "PolicyForbidden"],
    [refusal(403, "Forbidden", "no right"), "Forbidden"],
    [refusal(404, "NotFound", "namespaces not found"), "Unavailable"],
  ])("that the server refuses says so, in its words (%#)", async (answer, kind) => {
    const { result } = carryOut(create, { POST: answer });
    const { message } = answer.body as { message: string };

    await expect(result).resolves.toEqual({ kind: "refused", refusal: { kind, message } });
  });

  it.each([
    [refusal(409, "Conflict"), "conflict"],
    [refusal(429, "TooManyRequests"), "busy"],
    [refusal(500, "InternalError"), "busy"],
    [undefined, "lost"],
  ])("that could not be asked for says nothing of the pod (%#)", async (answer, kind) => {
    const { result } = carryOut(create, answer === undefined ? {} : { POST: answer });

    await expect(result).rejects.toMatchObject({ kind });
  });

  describe("after an attempt that only disappeared", () => {
    const careful = { ...create, attempt: 2, onlyIfGone: { name: "train-1", uid: "u1" } };
    const made = { ...pod({ attempt: 2 }), status: 201 };

    it.each([
      ["is gone", refusal(404, "NotFound")],
      ["has another uid", pod({ uid: "u2" })],
    ])("asks first, and goes on if that pod %s", async (_, answer) => {
      const { result, seen } = carryOut(careful, { GET: answer, POST: made });

      await expect(result).resolves.toMatchObject({ kind: "done" });
      expect(seen.map(({ method }) => method)).toEqual(["GET", "POST"]);
    });

    it("makes nothing while that pod is still there, and says so", async () => {
      const { result, seen } = carryOut(careful, { GET: pod({ uid: "u1" }) });

      await expect(result).resolves.toMatchObject({ kind: "refused", refusal: { kind: "Unavailable" } });
      expect(seen.map(({ method }) => method)).toEqual(["GET"]);
    });

    it("makes nothing while nobody can say whether it is there", async () => {
      const { result, seen } = carryOut(careful, {});

      await expect(result).rejects.toMatchObject({ name: "ApiError" });
      expect(seen.map(({ method }) => method)).toEqual(["GET"]);
    });
  });
});

describe("a create whose reply was lost", () => {
  const find = async (answers: Answers) => await findCreated(create, aTaskRun(), aClusterThat(answers).cluster);

  it("was done if the pod is there and ours", async () => {
    const found = pod({ uid: "u9" });

    await expect(find({ GET: found })).resolves.toEqual(found.body);
  });

  it.each([
    ["there is no pod", refusal(404, "NotFound")],
    ["the pod is a stranger's", pod({ owner: { uid: "u2" } })],
  ])("was not done if %s", async (_, answer) => {
    await expect(find({ GET: answer })).resolves.toBeUndefined();
  });

  it("stays open while nobody can say", async () => {
    await expect(find({})).rejects.toMatchObject({ kind: "lost" });
    await expect(find({ GET: refusal(500, "InternalError") })).rejects.toMatchObject({ kind: "busy" });
  });
});

describe("deleting a pod", () => {
  it("tells what the server replied", async () => {
    const going = pod({ deletedAt: 60 });
    const { result } = carryOut(remove, { DELETE: going });

    await expect(result).resolves.toEqual({ kind: "done", pod: going.body });
  });

  it("that is gone already is done, and there is nothing to learn", async () => {
    const { result } = carryOut(remove, { DELETE: refusal(404, "NotFound") });

    await expect(result).resolves.toEqual({ kind: "done", pod: undefined });
  });

  it("that changed since we looked is not deleted: its end may have been reported", async () => {
    const { result } = carryOut(remove, { DELETE: refusal(409, "Conflict") });

    await expect(result).rejects.toMatchObject({ kind: "conflict" });
  });
});
