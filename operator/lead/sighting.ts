/**
 * Keeps a watch on the one Lease, so that a release or a change of its holder is known at once. It may be late, silent or
 * refused: nothing is ever decided by it alone, and without it the Lease is read again and again.
 */
import { object, text } from "../api/decode.ts";
import { ConnectionError } from "../api/port.ts";
import type { ApiStream, Port } from "../api/port.ts";
import { StreamDamagedError, readEvents } from "../api/watchevents.ts";
import type { WatchEvent } from "../api/watchevents.ts";
import { decodeLease } from "./lease.ts";
import type { Lease } from "./lease.ts";
import { refusalOf } from "./leasecalls.ts";
import type { LeaseCalls } from "./leasecalls.ts";

/** What the watch tells; each call is news to look at. */
export interface Told {
  /** undefined: it is gone. */
  readonly saw: (lease: Lease | undefined) => void;
  /** The watch was opened, has ended, or said something unreadable: only a read tells how things stand. */
  readonly unsure: () => void;
  readonly trouble: (cause: string) => void;
}

export interface SightingOptions {
  readonly calls: LeaseCalls;
  readonly name: string;
  /** Before a watch that ended early, or was refused, is opened again. */
  readonly pauseMs: number;
  readonly told: Told;
}

export class Sighting {
  readonly #port: Port;
  readonly #options: SightingOptions;
  readonly #stopped = new AbortController();
  #stream: AbortController | undefined;
  #open = false;
  #lastLifeMs: number;

  constructor(port: Port, options: SightingOptions) {
    this.#port = port;
    this.#options = options;
    this.#lastLifeMs = port.clock.monotonic();
  }

  /** Whether changes are told. */
  get open(): boolean {
    return this.#open;
  }

  get lastLifeMs(): number {
    return this.#lastLifeMs;
  }

  /** Runs until stop(). */
  async run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const begunMs = this.#port.clock.monotonic();
      await this.#once();
      const served = this.#open && this.#port.clock.monotonic() - begunMs > this.#options.pauseMs;
      if (this.#open) {
        this.#open = false;
        this.#options.told.unsure();
      }
      // After one that has served its time the next is opened at once: in between nobody would tell of a release.
      if (!served) await this.#pause();
    }
  }

  /** It told less than it should have. */
  renew(): void {
    this.#stream?.abort();
  }

  stop(): void {
    this.#stopped.abort();
    this.#stream?.abort();
  }

  async #once(): Promise<void> {
    const { calls, told } = this.#options;
    const opened = new AbortController();
    this.#stream = opened;
    try {
      const stream = await calls.watch(opened.signal);
      if (stream.status === 200) await this.#follow(stream);
      else told.trouble(refusalOf(stream));
    } catch (error) {
      if (!(error instanceof ConnectionError || error instanceof StreamDamagedError)) throw error;
    }
  }

  async #follow(stream: ApiStream): Promise<void> {
    this.#open = true;
    this.#alive();
    this.#options.told.unsure();
    for await (const batch of readEvents(stream.chunks)) {
      if (this.#stopped.signal.aborted) return;
      this.#alive();
      for (const event of batch) {
        if (event.type === "ERROR") return;
        this.#tell(event);
      }
    }
  }

  #tell({ type, object: found }: WatchEvent): void {
    const { name, told } = this.#options;
    if (type === "BOOKMARK" || text(object(object(found)["metadata"])["name"]) !== name) return;
    const lease = type === "DELETED" ? undefined : decodeLease(found);
    if (lease !== undefined && "problem" in lease) told.unsure();
    else told.saw(lease);
  }

  #alive(): void {
    this.#lastLifeMs = this.#port.clock.monotonic();
  }

  async #pause(): Promise<void> {
    const { signal } = this.#stopped;
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => resolve(undefined);
    const cancel = this.#port.clock.after(this.#options.pauseMs * (1 + this.#port.random()), wake);
    signal.addEventListener("abort", wake, { once: true });
    await promise;
    signal.removeEventListener("abort", wake);
    cancel();
  }
}
