/**
 * The simulated API server. It is driven by plain requests and answers with plain replies, so that the same sequence
 * of requests can be sent to it and to a real one.
 */
import { isDeepStrictEqual } from "node:util";
import type { ApiRequest, ApiResponse } from "../../../api/port.ts";
import { isRecord, keyOf, type Stored, timestamp } from "../objects.ts";
import type { Random } from "../random.ts";
import { admitChange, admitNew, decodeBody, type Policy } from "./admission.ts";
import {
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  methodNotAllowed,
  MODIFIED,
  notFound,
  pathNotFound,
} from "./failure.ts";
import { list, type ReadOptions } from "./list.ts";
import { mergePatch } from "./mergepatch.ts";
import { showing } from "./partial.ts";
import { removeObject } from "./remove.ts";
import { EVENTS, NODES, type Resource, type Route, routeOf } from "./resources.ts";
import { showsDefaultStatus } from "./schema.ts";
import { jsonOf, Store } from "./store.ts";

export interface ServerOptions {
  /** Wall clock, milliseconds. */
  readonly nowMs: () => number;
  /** For uids. */
  readonly random: Random;
  /** Asked in turn for every new object; the first refusal counts. */
  readonly policies?: readonly Policy[];
  /** How reads that allow staleness are served. */
  readonly reads?: ReadOptions;
  readonly namespaces?: readonly string[];
}

/** One API server over one store. */
export class ApiServer {
  readonly store: Store = new Store();
  readonly options: ServerOptions;
  readonly #namespaces: ReadonlySet<string>;
  /**
   * Custom resources as they were created. A status that is a default is not stored, only shown; so the first update of
   * each of these always writes, even one that changes nothing.
   */
  readonly #untouched = new WeakSet<Stored>();
  #uidCount = 0;

  constructor(options: ServerOptions) {
    this.options = options;
    this.#namespaces = new Set(options.namespaces ?? ["default", "team-a"]);
  }

  /** Answers anything but a watch. `by` names the caller in the store's history. */
  handle(request: ApiRequest, by: string): ApiResponse {
    const route = routeOf(request.path);
    if (route === undefined) return pathNotFound();
    switch (request.method) {
      case "GET":
        if (route.name === undefined) return list(this.store, route, request, this.options.reads);
        return this.#get(route, request);
      case "POST":
        return route.name === undefined ? this.#create(route, request, by) : methodNotAllowed();
      case "PUT":
        return route.name === undefined ? methodNotAllowed() : this.#update(route, request, by);
      case "PATCH":
        return route.name === undefined ? methodNotAllowed() : this.#patch(route, request.body, by);
      case "DELETE":
        return route.name === undefined || route.subresource !== undefined
          ? methodNotAllowed()
          : this.#delete(route, request, by);
      default:
        return methodNotAllowed();
    }
  }

  /**
   * A write by one of the world's own actors (kubelet, scheduler, garbage collector), which see the newest state.
   * Undefined if the object is gone, is another one by now, or `change` gave undefined.
   */
  amend(resource: Resource, which: { key: string; uid: string; by: string }, change: Amendment): Stored | undefined {
    const current = this.store.get(resource.name, which.key);
    if (current?.metadata.uid !== which.uid) return undefined;
    const changed = change(current);
    const next = changed && withoutEmpty(changed);
    if (next === undefined || sameJson(next, current)) return undefined;
    return this.#write(resource, next, which.by);
  }

  #get(route: Route, { metadataOnly }: ApiRequest): ApiResponse {
    const object = this.store.get(route.resource.name, `${route.namespace}/${route.name}`);
    if (object === undefined) return notFound(route.resource, route.name ?? "");
    const { text } = showing(route.resource, metadataOnly);
    return { status: 200, body: JSON.parse(text(object)) as unknown };
  }

  #create({ resource, namespace }: Route, request: ApiRequest, by: string): ApiResponse {
    const decoded = decodeBody(resource, request.body);
    if (!("metadata" in decoded)) return decoded;
    if (namespace === undefined) return methodNotAllowed();
    if (resource !== NODES && !this.#namespaces.has(namespace)) return namespaceNotFound(namespace);
    const refusal = misplaced(resource, decoded, namespace);
    if (refusal !== undefined) return refusal;
    const { status: _dropped, ...rest } = decoded;
    const fresh: Stored = {
      ...rest,
      metadata: {
        name: decoded.metadata.name,
        ...changeable(decoded.metadata),
        namespace,
        uid: this.#newUid(),
        resourceVersion: "",
        ...(resource.uncounted === true ? {} : { generation: 1 }),
        creationTimestamp: timestamp(this.options.nowMs()),
      },
    };
    const strict = request.query?.["fieldValidation"] === "Strict";
    const admitted = admitNew(resource, fresh, strict);
    if ("refusal" in admitted) return admitted.refusal;
    const forbidden = this.#policyRefusal(admitted.object, by);
    if (forbidden !== undefined) return forbidden;
    const existing = this.store.get(resource.name, keyOf(fresh));
    if (existing !== undefined) {
      return alreadyExists(resource, fresh.metadata.name, existing.metadata.deletionTimestamp !== undefined);
    }
    const created = this.store.put(resource.name, admitted.object, by);
    if (resource.custom === true && showsDefaultStatus(resource.name)) this.#untouched.add(created);
    return reply(201, created);
  }

  #policyRefusal(object: Stored, by: string): ApiResponse | undefined {
    for (const policy of this.options.policies ?? []) {
      const refusal = policy(object, by);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  #update(route: Route, request: ApiRequest, by: string): ApiResponse {
    const { resource } = route;
    const name = route.name ?? "";
    if (resource === EVENTS) return methodNotAllowed();
    const decoded = decodeBody(resource, request.body);
    if (!("metadata" in decoded)) return decoded;
    if (decoded.metadata.name !== name) {
      return badRequest("the name of the object does not match the name on the URL");
    }
    const current = this.store.get(resource.name, `${route.namespace}/${name}`);
    if (current === undefined && resource.upserted === true) return this.#upsert(route, decoded, { request, by });
    if (current === undefined) return notFound(resource, name);
    if (isOther(decoded, current)) return otherUid(resource, decoded, current);
    return this.#replace(route, current, { sent: decoded, by });
  }

  /** As on a real server: whatever version was sent is not looked at, but a uid is a precondition that nothing meets. */
  #upsert(route: Route, sent: Stored, { request, by }: { request: ApiRequest; by: string }): ApiResponse {
    const { uid, resourceVersion: _any, ...metadata } = sent.metadata;
    if (uid !== undefined && uid !== "") return otherUid(route.resource, sent, undefined);
    return this.#create(route, { ...request, body: { ...sent, metadata } }, by);
  }

  /** A merge patch, the only kind of patch that this server takes. */
  #patch(route: Route, body: unknown, by: string): ApiResponse {
    const { resource, name = "" } = route;
    if (resource === EVENTS) return methodNotAllowed();
    const current = this.store.get(resource.name, `${route.namespace}/${name}`);
    if (current === undefined) return notFound(resource, name);
    if (!isRecord(body)) return badRequest("error decoding patch: the patch is no JSON object");
    const decoded = decodeBody(resource, mergePatch(current, body));
    if (!("metadata" in decoded)) return decoded;
    if (decoded.metadata.name !== name) return badRequest(`the name of the object does not match the name on the URL`);
    return this.#replace(route, current, { sent: decoded, by });
  }

  #replace(route: Route, current: Stored, { sent, by }: { readonly sent: Stored; readonly by: string }): ApiResponse {
    const { resource } = route;
    const refusal = staleWrite(resource, sent, current) ?? movedUid(resource, sent, current);
    if (refusal !== undefined) return refusal;
    const next = route.subresource === "status" ? withStatus(current, sent) : withSpec(resource, current, sent);
    const admitted = admitChange(resource, next, current);
    if ("refusal" in admitted) return admitted.refusal;
    // As on a real server: nothing different, nothing written, the resourceVersion stays.
    if (sameJson(admitted.object, current) && !this.#untouched.has(current)) return reply(200, current);
    const counted = resource.uncounted === true ? admitted.object : withGeneration(admitted.object, current);
    return reply(200, this.#write(resource, counted, by));
  }

  #delete(route: Route, request: ApiRequest, by: string): ApiResponse {
    const name = route.name ?? "";
    const current = this.store.get(route.resource.name, `${route.namespace}/${name}`);
    if (current === undefined) return notFound(route.resource, name);
    const options = isRecord(request.body) ? request.body : {};
    return removeObject({ store: this.store, nowMs: this.options.nowMs() }, { current, route, options, by });
  }

  /** Stores the object, or removes it if its last finalizer has just gone. */
  #write(resource: Resource, next: Stored, by: string): Stored {
    const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = next.metadata;
    const over = deletionTimestamp !== undefined && (deletionGracePeriodSeconds ?? 0) === 0;
    if (!over || (finalizers ?? []).length > 0) return this.store.put(resource.name, next, by);
    // Nothing is stored: watchers see the last state there was, with the finalizer, and the writer sees its own.
    this.store.remove(resource.name, this.store.get(resource.name, keyOf(next)) ?? next, by);
    return next;
  }

  #newUid(): string {
    this.#uidCount++;
    const part = Math.floor(this.options.random.next() * 0x1_0000_0000);
    const tail = this.#uidCount.toString(16).padStart(12, "0");
    return `${part.toString(16).padStart(8, "0")}-0000-4000-8000-${tail}`;
  }
}

export type Amendment = (current: Stored) => Stored | undefined;

/** A copy of the caller's own, as the network would make one. */
export function reply(status: number, object: Stored): ApiResponse {
  return { status, body: JSON.parse(jsonOf(object)) as unknown };
}

/** Why metadata of a new object cannot be taken as sent. */
function misplaced(resource: Resource, { metadata }: Stored, namespace: string): ApiResponse | undefined {
  if (metadata.namespace !== undefined && metadata.namespace !== namespace) {
    return badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== "") {
    return badRequest("resourceVersion should not be set on objects to be created");
  }
  if (metadata.name !== undefined && metadata.name !== "") return undefined;
  const message = "Required value: name or generateName is required";
  return invalid(resource, "", [{ reason: "FieldValueRequired", field: "metadata.name", message }]);
}

/** A PUT that means another object is told so, whatever else is wrong. */
function isOther({ metadata: { uid } }: Stored, current: Stored): boolean {
  return uid !== undefined && uid !== "" && uid !== current.metadata.uid;
}

function otherUid(resource: Resource, { metadata: { name, uid } }: Stored, current: Stored | undefined): ApiResponse {
  const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current?.metadata.uid ?? ""}`;
  return conflict(resource, name, `StorageError: invalid object, Code: 4, AdditionalErrorMsg: ${why}`);
}

/** The uid of a patch is no precondition of the storage, as that of a PUT is, but a field that nobody may change. */
function movedUid(resource: Resource, sent: Stored, current: Stored): ApiResponse | undefined {
  if (!isOther(sent, current)) return undefined;
  const message = `Invalid value: "${sent.metadata.uid}": field is immutable`;
  return invalid(resource, sent.metadata.name, [{ reason: "FieldValueInvalid", field: "metadata.uid", message }]);
}

function staleWrite(resource: Resource, sent: Stored, current: Stored): ApiResponse | undefined {
  const { name, resourceVersion } = sent.metadata;
  if (resourceVersion === undefined || resourceVersion === "") {
    // Built-in kinds but leases may be updated unconditionally, custom resources may not.
    if (resource.custom !== true && resource.upserted !== true) return undefined;
    const message = `Invalid value: ${resource.custom === true ? "0x0" : "0"}: must be specified for an update`;
    return invalid(resource, name, [{ reason: "FieldValueInvalid", field: "metadata.resourceVersion", message }]);
  }
  return resourceVersion === current.metadata.resourceVersion ? undefined : conflict(resource, name, MODIFIED);
}

function withStatus(current: Stored, sent: Stored): Stored {
  const { status: _old, ...rest } = current;
  return sent.status === undefined ? rest : { ...rest, status: sent.status };
}

/** What callers may change of the metadata is replaced whole: what is not sent is gone. */
function withSpec(resource: Resource, current: Stored, sent: Stored): Stored {
  const { labels: _l, annotations: _a, finalizers: _f, ownerReferences: _o, ...kept } = current.metadata;
  const metadata = { ...kept, ...changeable(sent.metadata) };
  // Kinds without a status have other parts than a spec.
  if (resource.status !== true) return { ...sent, metadata };
  const { spec: _spec, ...rest } = current;
  return { ...rest, metadata, ...(sent.spec === undefined ? {} : { spec: sent.spec }) };
}

function withoutEmpty(object: Stored): Stored {
  const { labels: _l, annotations: _a, finalizers: _f, ownerReferences: _o, ...kept } = object.metadata;
  return { ...object, metadata: { ...kept, ...changeable(object.metadata) } };
}

/** The metadata a caller may set; empty maps and lists are not stored. */
function changeable(sent: Stored["metadata"]): Partial<Stored["metadata"]> {
  const { labels, annotations, finalizers, ownerReferences } = sent;
  const fields = Object.entries({ labels, annotations, finalizers, ownerReferences });
  return Object.fromEntries(fields.filter(([, value]) => Object.keys(value ?? {}).length > 0));
}

/** The generation counts changes of the spec as it is stored, whatever was sent. */
function withGeneration(next: Stored, current: Stored): Stored {
  if (sameJson(next.spec, current.spec)) return next;
  return { ...next, metadata: { ...next.metadata, generation: (current.metadata.generation ?? 1) + 1 } };
}

/** Equal whatever the order of fields. */
function sameJson(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(left, right);
}

function namespaceNotFound(namespace: string): ApiResponse {
  const message = `namespaces "${namespace}" not found`;
  const details = { name: namespace, kind: "namespaces" };
  const body = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message };
  return { status: 404, body: { ...body, reason: "NotFound", details, code: 404 } };
}
