/** The text of one watch on its way to the operator. */

interface Waiting {
  readonly resolve: (result: IteratorResult<string>) => void;
  readonly reject: (error: Error) => void;
}

/** An async iterable that is filled from outside and ends or breaks when told to. */
export class Channel implements AsyncIterable<string>, AsyncIterator<string> {
  readonly #chunks: string[] = [];
  #waiting: Waiting | undefined;
  #over: "end" | Error | undefined;
  readonly #closed: () => void;

  /** `closed` is called when the reader stops reading. */
  constructor(closed: () => void) {
    this.#closed = closed;
  }

  [Symbol.asyncIterator](): AsyncIterator<string> {
    return this;
  }

  /** False if nobody will read it any more. */
  push(chunk: string): boolean {
    if (this.#over !== undefined) return false;
    const waiting = this.#take();
    if (waiting === undefined) this.#chunks.push(chunk);
    else waiting.resolve({ value: chunk, done: false });
    return true;
  }

  end(): void {
    this.#finish("end");
  }

  break(error: Error): void {
    this.#finish(error);
  }

  next(): Promise<IteratorResult<string>> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) return Promise.resolve({ value: chunk, done: false });
    if (this.#over === "end") return Promise.resolve({ value: undefined, done: true });
    if (this.#over !== undefined) {
      const error = this.#over;
      this.#over = "end";
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<string>> {
    this.#chunks.length = 0;
    this.#finish("end");
    this.#closed();
    return Promise.resolve({ value: undefined, done: true });
  }

  #finish(how: "end" | Error): void {
    if (this.#over !== undefined) return;
    this.#over = how;
    const waiting = this.#take();
    if (waiting === undefined) return;
    if (how === "end") waiting.resolve({ value: undefined, done: true });
    else {
      this.#over = "end";
      waiting.reject(how);
    }
  }

  #take(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }
}
