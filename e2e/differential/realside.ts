/** A real API server, through the operator's own client. */
import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import type { ApiResponse } from "../../operator/api/port.ts";
import { systemClock } from "../../operator/port/clock.ts";
import { kubeCredentials } from "../../operator/port/credentials.ts";
import { httpApi, type HttpApi } from "../../operator/port/http.ts";
import { settingsOf } from "../../operator/port/kubeconfig.ts";
import { readEvents } from "../../operator/api/watchevents.ts";
import { compactEtcd, restartComponent } from "../cluster/cluster.ts";
import { collection, type Event, type OpenWatch, type Request, type Side } from "./side.ts";

/** Longer than any call takes on a busy machine; a server that takes longer is broken. */
const CALL_LIMIT_MS = 30_000;
/**
 * A server that has just started answers 429 ("storage is (re)initializing") to the first who asks for a kind. How busy
 * a server is, is not what is compared, so it is asked again: within the tenth of a second that takes, and not for ever.
 */
const BUSY_PAUSE_MS = 100;
const BUSY_ASKS_MAX = 300;
/** The kubelet of this node does not exist, so nothing happens to its pods. */
export const NODE = "differential";

export function connect(kubeconfig: string): HttpApi {
  const load = (): ReturnType<typeof settingsOf> => {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    return settingsOf(config, undefined, kubeconfig);
  };
  const clock = systemClock();
  const server = load().cluster.server;
  return httpApi({
    server,
    credentials: kubeCredentials(load, clock),
    userAgent: "stint-differential",
    clock,
    http: "auto",
  });
}

export class RealSide implements Side {
  readonly name = "real";
  readonly namespace: string;
  readonly #api: HttpApi;
  /** The folder of the cluster, if its store may be touched. */
  readonly #dir: string | undefined;

  constructor(api: HttpApi, namespace: string, dir?: string) {
    this.#api = api;
    this.namespace = namespace;
    this.#dir = dir;
  }

  async send(request: Request): Promise<ApiResponse> {
    return await untilNotBusy(() => this.#api.request({ ...request, timeoutMs: CALL_LIMIT_MS }));
  }

  async watch(request: Request): Promise<OpenWatch> {
    const closing = new AbortController();
    const open = { ...request, timeoutMs: CALL_LIMIT_MS };
    const stream = await untilNotBusy(() => this.#api.stream(open, closing.signal));
    const events: Event[] = [];
    const state = { ended: false };
    // Closing breaks the stream, and so would a server that dies: then events are missing, which the comparison shows.
    collect(stream.chunks, events)
      .catch(() => undefined)
      .finally(() => {
        state.ended = true;
      });
    return {
      answer: { status: stream.status, body: stream.body },
      events,
      close: () => closing.abort(),
      get ended() {
        return state.ended;
      },
    };
  }

  async bind(name: string): Promise<ApiResponse> {
    const target = { apiVersion: "v1", kind: "Node", name: NODE };
    const body = { apiVersion: "v1", kind: "Binding", metadata: { name }, target };
    return await this.send({ method: "POST", path: `${collection("pods", this.namespace)}/${name}/binding`, body });
  }

  async compact(): Promise<void> {
    if (this.#dir === undefined) throw new Error("the store of this cluster is not ours to compact");
    await compactEtcd(this.#dir);
    // It remembers what its store has forgotten.
    await restartComponent(this.#dir, "kube-apiserver");
  }
}

/** A call answered 429 did nothing, so it may be made again whatever it asks for. */
async function untilNotBusy<R extends ApiResponse>(ask: () => Promise<R>): Promise<R> {
  let answer = await ask();
  for (let asked = 1; answer.status === 429 && asked < BUSY_ASKS_MAX; asked += 1) {
    await sleep(BUSY_PAUSE_MS);
    answer = await ask();
  }
  return answer;
}

async function collect(chunks: AsyncIterable<string>, into: Event[]): Promise<void> {
  for await (const events of readEvents(chunks)) into.push(...events);
}
