/**
 * A server between an operator and the API server that makes trouble of two kinds: it knows no watch that begins with all
 * objects, as API servers without the feature WatchList, and it loses the answer to one create.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { selfSigned } from "../../operator/testing/selfsigned.ts";
import { clusterOf, throughServer } from "./credentials.ts";

/** What an API server says to an option it does not know. */
const UNKNOWN_OPTION = {
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  reason: "Invalid",
  code: 422,
  message:
    "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
};

export class Middleman {
  readonly #server: Server;
  /** The end of the path of creates: the answer to the first of each is lost. */
  readonly #losesFirst: Set<string>;

  private constructor(server: Server, losesFirst: readonly string[]) {
    this.#server = server;
    this.#losesFirst = new Set(losesFirst);
  }

  /** Writes a kubeconfig to `copy` that reaches the server of `kubeconfig` through it. */
  static async start(kubeconfig: string, copy: string, losesFirst: readonly string[]): Promise<Middleman> {
    const own = selfSigned();
    const { server: target, authority } = await clusterOf(kubeconfig);
    const server = createServer(own);
    const middleman = new Middleman(server, losesFirst);
    server.on("request", (asked: IncomingMessage, answer: ServerResponse) => {
      middleman.#pass(asked, answer, { target, authority });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await throughServer(kubeconfig, { server: `https://127.0.0.1:${port}`, authority: own.cert }, copy);
    return middleman;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #pass(
    asked: IncomingMessage,
    answer: ServerResponse,
    to: { readonly target: URL; readonly authority: string },
  ): void {
    const { url = "", method = "", headers } = asked;
    if (url.includes("sendInitialEvents=true")) {
      answer.writeHead(UNKNOWN_OPTION.code, { "content-type": "application/json" }).end(JSON.stringify(UNKNOWN_OPTION));
      return;
    }
    const { hostname, port } = to.target;
    const loses = method === "POST" && this.#losesFirst.delete(url.split("?", 1)[0]?.split("/").at(-1) ?? "");
    const forwarded = request({ hostname, port, method, path: url, headers, ca: to.authority }, (reply) => {
      if (loses) {
        reply.resume();
        reply.on("end", () => answer.destroy());
        return;
      }
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
      reply.on("error", () => answer.destroy());
    });
    forwarded.on("error", () => answer.destroy());
    answer.on("close", () => forwarded.destroy());
    asked.pipe(forwarded);
  }
}
