/** A TCP proxy on loopback between an operator and the API server, which can fall silent as a dead network does. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

interface Pair {
  readonly from: Socket;
  readonly to: Socket;
}

export class Proxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #dead = new Set<Pair>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Forwards every connection to `target`. */
  static async start(target: URL): Promise<Proxy> {
    const server = createServer();
    const proxy = new Proxy(server);
    server.on("connection", (from: Socket) => {
      proxy.#join({ from, to: connect(Number(target.port || 443), target.hostname) });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /**
   * From now on nothing passes on the connections there are, in either direction, and neither side learns of it: no end,
   * no reset. New connections work.
   */
  silence(): void {
    this.#dead = new Set(this.#pairs);
    for (const { from, to } of this.#dead) {
      from.unpipe(to).pause();
      to.unpipe(from).pause();
    }
  }

  close(): void {
    this.#server.close();
    for (const { from, to } of this.#pairs) {
      from.destroy();
      to.destroy();
    }
  }

  #join(pair: Pair): void {
    const { from, to } = pair;
    this.#pairs.add(pair);
    from.pipe(to);
    to.pipe(from);
    const part = (): void => {
      // The end of one side is news for the other only while the line is alive.
      if (!this.#dead.has(pair)) {
        from.destroy();
        to.destroy();
      }
      this.#pairs.delete(pair);
    };
    for (const socket of [from, to]) socket.on("close", part).on("error", part);
  }
}
