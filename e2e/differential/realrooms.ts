/** Namespaces of the real cluster in which nothing happens but what the suite asks for. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiResponse } from "../../operator/api/port.ts";
import type { HttpApi } from "../../operator/port/http.ts";
import type { Access } from "../support/access.ts";
import { connect, NODE, RealSide } from "./realside.ts";
import { collection } from "./side.ts";
import { TASKRUN_SPECS } from "./shapes.ts";

const CALL_LIMIT_MS = 30_000;
/** Until a controller has made the service account without which no pod is taken. */
const ACCOUNT_LIMIT_MS = 60_000;
const POLL_MS = 50;

type Method = "GET" | "POST" | "DELETE";

export class RealRooms {
  readonly sides: readonly RealSide[];
  readonly #api: HttpApi;

  private constructor(api: HttpApi, sides: readonly RealSide[]) {
    this.#api = api;
    this.sides = sides;
  }

  /** Makes the namespaces and the node that has no kubelet. A node of that name without a kubelet is kept by controllers. */
  static async open({ kubeconfig, dir }: Access, count: number): Promise<RealRooms> {
    const api = connect(kubeconfig);
    const run = randomBytes(4).toString("hex");
    const sides = Array.from({ length: count }, (_, i) => new RealSide(api, `differential-${run}-${i}`, dir));
    const rooms = new RealRooms(api, sides);
    await rooms.#ask("POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name: NODE } });
    await Promise.all(sides.map((side) => rooms.#furnish(side.namespace)));
    return rooms;
  }

  async close(): Promise<void> {
    await Promise.all(this.sides.map(({ namespace }) => this.#ask("DELETE", `/api/v1/namespaces/${namespace}`)));
    await this.#ask("DELETE", `/api/v1/nodes/${NODE}`);
    await this.#api.close();
  }

  /** Waits until the garbage collector knows TaskRuns: it asks for new kinds from time to time. */
  async untilCollected(limitMs: number): Promise<void> {
    const path = collection("taskruns", this.sides[0]?.namespace ?? "");
    const metadata = { name: "first" };
    const spec = TASKRUN_SPECS["plain"];
    await this.#ask("POST", path, { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", metadata, spec });
    await this.#ask("DELETE", `${path}/first`, { propagationPolicy: "Foreground" });
    await this.#until(
      async () => (await this.#ask("GET", `${path}/first`)).status === 404,
      limitMs,
      "the garbage collector",
    );
  }

  async #furnish(namespace: string): Promise<void> {
    const metadata = { name: namespace };
    await this.#ask("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
    const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
    await this.#until(async () => (await this.#ask("GET", account)).status === 200, ACCOUNT_LIMIT_MS, account);
  }

  async #until(isSo: () => Promise<boolean>, limitMs: number, what: string): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (!(await isSo())) {
      if (performance.now() > deadline) throw new Error(`waited ${limitMs / 1000} s for ${what}`);
      await sleep(POLL_MS);
    }
  }

  #ask(method: Method, path: string, body?: unknown): Promise<ApiResponse> {
    return this.#api.request({ method, path, timeoutMs: CALL_LIMIT_MS, ...(body !== undefined && { body }) });
  }
}
