import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { GROUP } from "../api/names.ts";
import type { ApiPort, ApiResponse, Clock, Log } from "../api/port.ts";
import { compareVersions } from "./semver.ts";

/** What we need to know of a custom resource definition. */
export interface Crd {
  readonly name: string;
  readonly group: string;
  readonly plural: string;
  /** The versions it serves. */
  readonly versions: readonly string[];
  readonly object: JsonObject;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The server refuses: trying again at once would not help. */
export class CrdError extends Error {
  override readonly name = "CrdError";
  /** We lack the right. */
  readonly forbidden: boolean;

  constructor(message: string, reply?: ApiResponse) {
    super(message);
    this.forbidden = reply?.status === 403;
  }
}

const CRDS_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** A definition is a write to etcd and a new handler in the API server; under a second even on a slow machine. */
const CALL_TIMEOUT_MS = 15_000;

/** The server checks names against other definitions and builds the schema before it serves; usually 100 ms. */
const ESTABLISHED_LIMIT_MS = 30_000;
const ESTABLISHED_POLL_MS = 200;

/** Somebody else writes the same definition at the same time; after this many rounds they are fighting us. */
const CONFLICT_LIMIT_TRIES = 5;

/** Which file we wrote last: without it a defaulted object could not be told from an edited one. */
const HASH_ANNOTATION = `${GROUP}/crd-sha256`;
/** Which Stint wrote it: an older Stint leaves it alone. */
const WRITER_ANNOTATION = `${GROUP}/crd-written-by`;

export interface InstallOptions {
  readonly api: ApiPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
}

/** Reads the definitions of a folder. @throws CrdError */
export function readCrds(folder: string): readonly Crd[] {
  return crdFiles(folder).map((path) => {
    try {
      return crdOf(load(readFileSync(path, "utf8")));
    } catch (error) {
      throw new CrdError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
}

/** The files of a folder that hold definitions. @throws CrdError */
export function crdFiles(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name) && !name.startsWith("kustomization."));
    return names.toSorted().map((name) => join(folder, name));
  } catch {
    throw new CrdError(`no definitions found in ${folder}; --crd-folder names another place`);
  }
}

/** Creates the definition or brings it up to date, and waits until the server serves it. @throws ConnectionError, CrdError */
export async function installCrd(object: unknown, options: InstallOptions): Promise<void> {
  const crd = crdOf(object);
  for (let tries = 1; !(await writeOnce(crd, options)); tries++) {
    if (tries === CONFLICT_LIMIT_TRIES) throw new CrdError(`${crd.name}: somebody else keeps changing it`);
  }
  await untilEstablished(crd, options);
}

/** The definitions the server does not serve (yet). @throws ConnectionError; CrdError when the server does not say */
export async function missingCrds(crds: readonly Crd[], api: ApiPort): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const { name, group, plural, versions } of crds) {
    for (const version of versions) {
      const reply = await api.request({
        method: "GET",
        path: `/apis/${group}/${version}`,
        timeoutMs: CALL_TIMEOUT_MS,
      });
      if (reply.status === 401) throw new CrdError("the API server refuses our credentials (401)");
      if (reply.status !== 404 && reply.status !== 200) throw refused("discovery", reply);
      const served = listAt(reply.body, "resources").some((one) => at(one, "name") === plural);
      if (reply.status === 404 || !served) missing.push(`${name} (${version})`);
    }
  }
  return missing;
}

/** False: somebody was quicker, look again. */
async function writeOnce(crd: Crd, options: InstallOptions): Promise<boolean> {
  const { api, log, version } = options;
  const path = `${CRDS_PATH}/${crd.name}`;
  const found = await api.request({ method: "GET", path, timeoutMs: CALL_TIMEOUT_MS });
  if (found.status === 404) {
    const body = signed(crd.object, version, undefined);
    const made = await api.request({ method: "POST", path: CRDS_PATH, body, timeoutMs: CALL_TIMEOUT_MS });
    if (made.status === 409) return false;
    if (made.status !== 201) throw refused(`create ${crd.name}`, made);
    log.info("custom resource definition created", { name: crd.name });
    return true;
  }
  if (found.status !== 200) throw refused(`read ${crd.name}`, found);
  const newer = whyNewer(found.body, crd, version);
  if (newer !== undefined) {
    log.warn("custom resource definition left alone", { name: crd.name, because: newer });
    return true;
  }
  if (isCurrent(found.body, crd)) {
    log.info("custom resource definition up to date", { name: crd.name });
    return true;
  }
  const body = signed(crd.object, version, found.body);
  const put = await api.request({ method: "PUT", path, body, timeoutMs: CALL_TIMEOUT_MS });
  if (put.status === 409) return false;
  if (put.status !== 200) throw refused(`update ${crd.name}`, put);
  log.info("custom resource definition updated", { name: crd.name, was: writerOf(found.body) ?? "not ours" });
  return true;
}

async function untilEstablished(crd: Crd, { api, clock }: InstallOptions): Promise<void> {
  const deadline = clock.monotonic() + ESTABLISHED_LIMIT_MS;
  for (;;) {
    const path = `${CRDS_PATH}/${crd.name}`;
    const { body } = await api.request({ method: "GET", path, timeoutMs: CALL_TIMEOUT_MS });
    const conditions = listAt(at(body, "status"), "conditions");
    const is = (type: string, status: string): boolean =>
      conditions.some((one) => at(one, "type") === type && at(one, "status") === status);
    if (is("Established", "True")) return;
    if (is("NamesAccepted", "False")) throw new CrdError(`${crd.name}: another definition has the same names`);
    if (clock.monotonic() > deadline) throw new CrdError(`${crd.name}: not served after ${ESTABLISHED_LIMIT_MS} ms`);
    await new Promise<void>((resolve) => clock.after(ESTABLISHED_POLL_MS, resolve));
  }
}

/** Why our file must not replace what is there. */
function whyNewer(found: unknown, crd: Crd, version: string): string | undefined {
  const writer = writerOf(found);
  if (writer !== undefined && compareVersions(writer, version) > 0) return `it was written by Stint ${writer}`;
  const unknownVersions = servedVersions(found).filter((one) => !servedVersions(crd.object).includes(one));
  return unknownVersions.length === 0 ? undefined : `it serves ${unknownVersions.join(", ")}, which we do not know`;
}

function isCurrent(found: unknown, crd: Crd): boolean {
  const annotations = at(at(found, "metadata"), "annotations");
  return at(annotations, HASH_ANNOTATION) === hashOf(crd.object) && contains(at(found, "spec"), crd.object["spec"]);
}

/** Our file with our marks, over the metadata of what is there: other people's labels and annotations stay. */
function signed(object: JsonObject, version: string, found: unknown): JsonObject {
  const there = at(found, "metadata");
  const ours = at(object, "metadata");
  const metadata = {
    ...asObject(ours),
    labels: { ...asObject(at(there, "labels")), ...asObject(at(ours, "labels")) },
    annotations: {
      ...asObject(at(there, "annotations")),
      ...asObject(at(ours, "annotations")),
      [HASH_ANNOTATION]: hashOf(object),
      [WRITER_ANNOTATION]: version,
    },
    ...(found === undefined ? {} : { resourceVersion: at(there, "resourceVersion") }),
  };
  return { ...object, metadata };
}

/** Whether `whole` has everything `part` has; the server adds defaults to what it is given. */
function contains(whole: unknown, part: unknown): boolean {
  if (Array.isArray(part)) {
    return Array.isArray(whole) && whole.length === part.length && part.every((one, i) => contains(whole[i], one));
  }
  if (typeof part !== "object" || part === null) return whole === part;
  return Object.entries(part).every(([key, value]) => contains(at(whole, key), value));
}

function crdOf(value: unknown): Crd {
  const object = asObject(value);
  const name = at(object["metadata"], "name");
  const group = at(object["spec"], "group");
  const plural = at(at(object["spec"], "names"), "plural");
  if (object["kind"] !== "CustomResourceDefinition") throw new CrdError("is no CustomResourceDefinition");
  if (typeof name !== "string" || typeof group !== "string" || typeof plural !== "string") {
    throw new CrdError("has no name, group or plural");
  }
  return { name, group, plural, versions: servedVersions(object), object };
}

function servedVersions(crd: unknown): readonly string[] {
  return listAt(at(crd, "spec"), "versions")
    .filter((one) => at(one, "served") === true)
    .map((one) => String(at(one, "name")));
}

function writerOf(found: unknown): string | undefined {
  const writer = at(at(at(found, "metadata"), "annotations"), WRITER_ANNOTATION);
  return typeof writer === "string" ? writer : undefined;
}

function hashOf(object: JsonObject): string {
  return createHash("sha256").update(JSON.stringify(object)).digest("hex").slice(0, 16);
}

function refused(what: string, reply: ApiResponse): CrdError {
  const message = at(reply.body, "message");
  return new CrdError(`${what}: status ${reply.status}${typeof message === "string" ? `: ${message}` : ""}`, reply);
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const list = at(value, key);
  return Array.isArray(list) ? list : [];
}

function asObject(value: unknown): JsonObject {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
