import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";

/** The start of a reply. */
export interface Head {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** Where the parts of one reply go. After `fail` or `end` nothing follows. */
export interface Sink {
  head(head: Head): void;
  /** What it throws ends the exchange. */
  data(chunk: Buffer): void;
  end(): void;
  fail(error: Error): void;
}

/**
 * One request under way. undici's dispatch is used directly because it is the cheapest of its interfaces; this class
 * adds what it lacks: a request can be given up at any moment, even while it still waits for a connection, and is
 * then never sent.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #sink: Sink;
  #controller: Dispatcher.DispatchController | undefined;
  readonly #mayLeave: () => boolean;
  #over = false;

  /** `mayLeave` is asked right before the first byte is written to a connection. */
  constructor(sink: Sink, mayLeave: () => boolean = () => true) {
    this.#sink = sink;
    this.#mayLeave = mayLeave;
  }

  /** Gives up: the sink hears `error` now, the connection learns it as soon as there is one. */
  giveUp(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller?.abort(error);
    this.#sink.fail(error);
  }

  pause(): void {
    if (!this.#over) this.#controller?.pause();
  }

  resume(): void {
    if (!this.#over) this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (!this.#over && !this.#mayLeave()) this.giveUp(new Error("held back: it came too late to be sent"));
    else if (this.#over) controller.abort(new Error("given up before it was sent"));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // 1xx replies announce the real one.
    if (this.#over || status < 200) return;
    this.#sink.head({ status, headers });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    try {
      this.#sink.data(chunk);
    } catch (error) {
      this.giveUp(error instanceof Error ? error : new Error(String(error)));
    }
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#over = true;
    this.#sink.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#sink.fail(error);
  }
}
