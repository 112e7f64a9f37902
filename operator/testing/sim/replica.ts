/** One replica of the operator: a place in the cluster where one life follows another, on one machine. */
import type { ApiPort } from "../../api/port.ts";
import type { SimClock } from "./clock.ts";
import type { Link, Place } from "./link.ts";
import { type Cut, Machine } from "./machine.ts";

/** What a process is started with, besides its port. */
export interface Seat {
  /** It is the only one, and knows nothing of a lease. */
  readonly alone: boolean;
  /** No two lives have the same. */
  readonly identity: string;
  /** Connections of their own. */
  readonly leaseApi: ApiPort;
  /** Ends the process at once. */
  readonly exit: (why: string) => void;
}

/** One replica. `name` is empty for the only one. */
export class Replica implements Place {
  readonly name: string;
  readonly machine: Machine;
  cut: Cut | undefined;
  link: Link | undefined;
  operator: { stop(): Promise<void> } | undefined;
  lives = 0;

  constructor(name: string, { clock, rate }: { readonly clock: SimClock; readonly rate: number }) {
    this.name = name;
    this.machine = new Machine({ clock, rate });
  }

  /** What the next life is called. */
  nextLife(): string {
    this.lives++;
    return this.name === "" ? `operator-${this.lives}` : `${this.name}-${this.lives}`;
  }
}
