/** A pause that news cut short. */
import type { Clock } from "../api/port.ts";

export class Alarm {
  readonly #clock: Clock;
  #rung = false;
  #wake: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** There is news. */
  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  /** Until the time is over, or there is news. News that came before is not slept over. */
  async pause(ms: number): Promise<void> {
    if (!this.#rung) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#wake = (): void => resolve(undefined);
      const cancel = this.#clock.after(Math.max(0, ms), this.#wake);
      await promise;
      cancel();
    }
    this.#rung = false;
  }
}
