/** The nodes of the cluster, watched once for all scopes: what became of a node can prove that its pods have ended. */
import { decodeNode } from "../api/node.ts";
import { NODES } from "../api/paths.ts";
import type { Port } from "../api/port.ts";
import type { NodeRecord } from "../api/records.ts";
import { atLeast } from "../api/versions.ts";
import type { NodeFact } from "../decide/taskrun/nodes.ts";
import { Reflector } from "../watch/reflector.ts";
import type { WatchState } from "../watch/reflector.ts";
import { Store } from "../watch/store.ts";

export interface NodesListener {
  /** A node went, came, or was marked. */
  readonly onChange: (name: string) => void;
  /** All nodes are known now, or we were told that we may not know them. */
  readonly onSettled: () => void;
}

const WITHOUT = "the pods of a lost node are of unknown fate until their TaskRuns say what to do (onUnknownFate)";

export class Nodes {
  readonly #store: Store<NodeRecord>;
  readonly #watch: Reflector<NodeRecord>;

  constructor(port: Port, listener: NodesListener) {
    this.#store = new Store({
      onChange: (before, after) => {
        // A node reports about itself all the time; nearly all of that is no news here.
        const same = before !== undefined && after !== undefined && before.outOfService === after.outOfService;
        const name = (after ?? before)?.name;
        if (!same && name !== undefined) listener.onChange(name);
      },
    });
    this.#watch = new Reflector(port, {
      resource: NODES,
      namespace: "",
      store: this.#store,
      decode: decodeNode,
      onSynced: listener.onSettled,
      optional: { without: WITHOUT, onForbidden: listener.onSettled },
    });
  }

  get settled(): boolean {
    return this.#watch.settled;
  }

  get synced(): boolean {
    return this.#watch.synced;
  }

  get watchState(): WatchState {
    return this.#watch.watchState;
  }

  /** Runs until stop(). Never rejects. */
  async run(): Promise<void> {
    await this.#watch.run();
  }

  stop(): void {
    this.#watch.stop();
  }

  /**
   * What is known of a node that was there at `version`, the version of any object. Where our view is older, a node we do
   * not know may be one that we have not heard of yet.
   */
  fact(name: string, version: string): NodeFact {
    const node = this.#store.get(name);
    const known = this.#watch.synced && atLeast(this.#store.resourceVersion, version);
    if (node === undefined) return { state: known ? "gone" : "unknown" };
    const state = known && node.outOfService ? "outOfService" : "there";
    return { state, ...(node.createdAt !== undefined && { createdAt: node.createdAt }) };
  }
}
