/** More unread text than this stops reading from the connection, so that a slow reader costs the server, not us. */
export const UNREAD_LIMIT_CHARS = 1_048_576;

/** Lets the source of a stream be slowed down. */
export interface Valve {
  pause(): void;
  resume(): void;
  /** The reader has lost interest. */
  leave(): void;
}

/**
 * Text between one writer and one reader. The reader gets everything written before `end` or `fail`; `cut` drops what
 * is unread, for a reader that has said it wants no more.
 */
export class TextStream implements AsyncIterableIterator<string> {
  readonly #valve: Valve;
  readonly #decoder = new TextDecoder();
  #unread: string[] = [];
  #unreadChars = 0;
  #paused = false;
  #waiting: PromiseWithResolvers<IteratorResult<string>> | undefined;
  #ended = false;
  #error: Error | undefined;

  constructor(valve: Valve) {
    this.#valve = valve;
  }

  write(chunk: Buffer): void {
    this.#push(this.#decoder.decode(chunk, { stream: true }));
  }

  end(): void {
    this.#push(this.#decoder.decode());
    this.#finish(undefined);
  }

  fail(error: Error): void {
    this.#finish(error);
  }

  cut(): void {
    this.#unread = [];
    this.#unreadChars = 0;
    this.#error = undefined;
    this.#finish(undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<string>> {
    const value = this.#takeUnread();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#error !== undefined) {
      const error = this.#error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    this.#waiting ??= Promise.withResolvers<IteratorResult<string>>();
    return this.#waiting.promise;
  }

  return(): Promise<IteratorResult<string>> {
    this.cut();
    this.#valve.leave();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Everything unread in one piece: a reader that was away catches up in one step. */
  #takeUnread(): string | undefined {
    if (this.#unread.length === 0) return undefined;
    const value = this.#unread.length === 1 ? this.#unread[0] : this.#unread.join("");
    this.#unread = [];
    this.#unreadChars = 0;
    if (this.#paused) {
      this.#paused = false;
      this.#valve.resume();
    }
    return value;
  }

  #push(text: string): void {
    if (text === "" || this.#ended) return;
    if (this.#waiting !== undefined) {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting.resolve({ done: false, value: text });
      return;
    }
    this.#unread.push(text);
    this.#unreadChars += text.length;
    if (this.#unreadChars > UNREAD_LIMIT_CHARS && !this.#paused) {
      this.#paused = true;
      this.#valve.pause();
    }
  }

  #finish(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#error = error;
    else if (error === undefined) waiting.resolve({ done: true, value: undefined });
    else waiting.reject(error);
  }
}
