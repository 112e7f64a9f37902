import { ConnectionError, type ApiStream } from "../api/port.ts";
import { Exchange, type Head, type Sink } from "./exchange.ts";
import { ReplyCollector } from "./reply.ts";
import { TextStream } from "./textstream.ts";

export interface OpenStreamOptions {
  readonly signal: AbortSignal;
  /** Wall clock, for a Retry-After given as a date. */
  readonly now: () => number;
  readonly connectionError: (error: unknown) => ConnectionError;
  /** Calls off the timer that bounds the opening. */
  readonly stopTimer: () => void;
}

/**
 * One watch. Opening: until the head of the reply; the timer runs. Open (status 200): data goes to the reader until
 * the server ends, the connection breaks, the signal is aborted or the reader leaves. Refused (other status): the
 * body is collected and the call ends with it.
 */
export class OpenStream implements Sink {
  readonly exchange: Exchange = new Exchange(this);
  readonly #opened = Promise.withResolvers<ApiStream>();
  readonly #refusal = new ReplyCollector();
  #options: OpenStreamOptions | undefined;
  #text: TextStream | undefined;

  /** Settles when the reply has begun, or cannot begin any more. */
  get opened(): Promise<ApiStream> {
    return this.#opened.promise;
  }

  begin(options: OpenStreamOptions): void {
    this.#options = options;
    if (options.signal.aborted) this.#callOff();
    else options.signal.addEventListener("abort", this.#callOff, { once: true });
  }

  head(head: Head): void {
    this.#refusal.head(head);
    if (head.status !== 200) return;
    this.#options?.stopTimer();
    this.#text = new TextStream({
      pause: () => this.exchange.pause(),
      resume: () => this.exchange.resume(),
      leave: () => this.exchange.giveUp(new ConnectionError("the reader left")),
    });
    this.#opened.resolve({ status: 200, body: undefined, chunks: this.#text });
  }

  data(chunk: Buffer): void {
    if (this.#text === undefined) this.#refusal.data(chunk);
    else this.#text.write(chunk);
  }

  end(): void {
    this.#detach();
    if (this.#text !== undefined) {
      this.#text.end();
      return;
    }
    try {
      const reply = this.#refusal.finish(this.#options?.now() ?? 0);
      this.#opened.resolve({ ...reply, chunks: nothing() });
    } catch (error) {
      this.#opened.reject(error);
    }
  }

  fail(error: Error): void {
    this.#detach();
    if (this.#text === undefined) this.#opened.reject(error);
    else this.#text.fail(this.#options?.connectionError(error) ?? error);
  }

  readonly #callOff = (): void => {
    this.#text?.cut();
    this.exchange.giveUp(new ConnectionError("the watch was called off"));
  };

  #detach(): void {
    this.#options?.stopTimer();
    this.#options?.signal.removeEventListener("abort", this.#callOff);
  }
}

async function* nothing(): AsyncGenerator<string> {
  // A refused watch has no events.
}
