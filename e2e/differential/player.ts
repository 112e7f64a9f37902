/** Plays a sequence on one side, operation by operation, and says in neutral form what was answered. */
import { setTimeout as sleep } from "node:timers/promises";
import { isRecord } from "../../operator/testing/sim/objects.ts";
import {
  createRequest,
  deleteRequest,
  getRequest,
  listRequest,
  type Place,
  putStatusRequest,
  updateRequest,
  watchRequest,
} from "./bodies.ts";
import { type Json, Ledger, metadataOf } from "./ledger.ts";
import { type Naming, neutralReply } from "./neutral.ts";
import type { Bind, Kind, Operation, Watch } from "./operations.ts";
import { collection, type Request, type Side } from "./side.ts";
import { Viewer } from "./viewer.ts";

export const KINDS: readonly [Kind, Kind] = ["taskruns", "pods"];

export class Player {
  readonly side: Side;
  readonly viewers: Viewer[] = [];
  requests = 0;
  readonly #place: Place;

  constructor(side: Side, prefix: string) {
    this.side = side;
    this.#place = { namespace: side.namespace, prefix, ledger: new Ledger() };
  }

  /** Lists both kinds, which gives watches their first version. */
  async begin(): Promise<Json> {
    const answer = await this.look();
    const { listed, started } = this.#place.ledger;
    for (const kind of KINDS) started.set(kind, listed.get(kind) ?? "");
    return answer;
  }

  async play(operation: Operation): Promise<Json> {
    switch (operation.do) {
      case "pause":
        await sleep(operation.ms);
        return {};
      case "compact":
        await this.side.compact();
        return {};
      case "watch":
        return await this.#watch(operation);
      case "bind":
        return await this.#bind(operation);
      case "create":
      case "get":
      case "list":
      case "update":
      case "putStatus":
      case "delete":
        return await this.#ask(operation.kind, requestOf(this.#place, operation));
    }
  }

  /** Both collections as they are now. */
  async look(): Promise<Json> {
    const answers: Record<string, Json> = {};
    for (const kind of KINDS) {
      answers[kind] = await this.#ask(kind, { method: "GET", path: collection(kind, this.side.namespace) });
    }
    return answers;
  }

  /** What a garbage collector may still change, without noting it: versions in between are not the same on both sides. */
  async glance(): Promise<Json> {
    const answers: Record<string, unknown> = {};
    for (const kind of KINDS) {
      const { body } = await this.#send({ method: "GET", path: collection(kind, this.side.namespace) });
      answers[kind] = (isRecord(body) ? (body["items"] as readonly Json[]) : []).map(outline);
    }
    return answers;
  }

  async #ask(kind: Kind, request: Request): Promise<Json> {
    const reply = await this.#send(request);
    const neutral = neutralReply(reply, this.#naming(kind));
    if (isRecord(reply.body) && Array.isArray(reply.body["items"])) this.#noteList(kind, reply.body);
    return neutral;
  }

  async #send(request: Request): ReturnType<Side["send"]> {
    this.requests++;
    return await this.side.send(request);
  }

  #noteList(kind: Kind, body: Json): void {
    const { continue: token, resourceVersion } = metadataOf(body);
    const { tokens, listed } = this.#place.ledger;
    if (typeof token === "string" && token !== "") tokens.set(kind, token);
    else tokens.delete(kind);
    listed.set(kind, String(resourceVersion));
  }

  /** The answer names nothing but its status, so the pod is read again. */
  async #bind(operation: Bind): Promise<Json> {
    this.requests++;
    const { status } = await this.side.bind(this.#place.prefix + operation.name);
    const pod = await this.#ask("pods", getRequest(this.#place, operation));
    return { status, pod };
  }

  async #watch(operation: Watch): Promise<Json> {
    this.requests++;
    const opened = await this.side.watch(watchRequest(this.#place, operation));
    if (opened.answer.status !== 200) return neutralReply(opened.answer, this.#naming(operation.kind));
    this.viewers.push(new Viewer(operation, opened, this.#naming(operation.kind)));
    return { status: 200 };
  }

  #naming(kind: Kind): Naming {
    return { kind, prefix: this.#place.prefix, ledger: this.#place.ledger };
  }
}

type Asking = Exclude<Operation, { readonly do: "pause" | "compact" | "watch" | "bind" }>;

function requestOf(place: Place, operation: Asking): Request {
  switch (operation.do) {
    case "create":
      return createRequest(place, operation);
    case "get":
      return getRequest(place, operation);
    case "list":
      return listRequest(place, operation);
    case "update":
      return updateRequest(place, operation);
    case "putStatus":
      return putStatusRequest(place, operation);
    case "delete":
      return deleteRequest(place, operation);
  }
}

function outline(item: Json): Json {
  const { name, deletionTimestamp, deletionGracePeriodSeconds, finalizers, ownerReferences } = metadataOf(item);
  const owners = Array.isArray(ownerReferences) ? ownerReferences.length : 0;
  return {
    name,
    leaving: deletionTimestamp !== undefined,
    deletionGracePeriodSeconds,
    finalizers: finalizers ?? [],
    owners,
  };
}
