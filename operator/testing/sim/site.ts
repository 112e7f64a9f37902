/** What the actors of the simulated cluster share. */
import type { Ground } from "./ground.ts";
import type { SimNodes } from "./nodes.ts";

/** With the nodes on it. */
export interface Site extends Ground {
  readonly nodes: SimNodes;
}
