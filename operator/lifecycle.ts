import k8sOperator from "@dot-i/k8s-operator";
import { ApiextensionsV1Api, KubeConfig, type ApiConstructor, type ApiType } from "@kubernetes/client-node";
import { Complaints } from "./api/complaints.ts";
import { object, text } from "./api/decode.ts";
import { ConnectionError, type Log, type Port } from "./api/port.ts";
import type { Core } from "./controller/core.ts";
import type { Lead, Working } from "./lead/lead.ts";
import { CrdError, crdFiles, installCrd, missingCrds, readCrds, type InstallOptions } from "./port/crds.ts";

export interface LifecycleOptions {
  readonly port: Port;
  readonly version: string;
  readonly crdFolder: string;
  readonly installCrds: boolean;
  /** Starts the work, once the definitions are served. */
  readonly begin: (port: Port) => Core;
  /** With several replicas: waits for the lease, then begins. Without it the work begins at once. */
  readonly lead?: (begin: (port: Port) => Working) => Lead;
  /** Something that no waiting will cure. */
  readonly onFailed: (error: unknown) => void;
}

/** As of the core, and of the Lease. */
export interface WatchAge {
  readonly resource: string;
  readonly namespace: string;
  readonly ageMs: number;
  readonly settled: boolean;
  readonly trouble: string | undefined;
}

/** A cluster that is not ready is asked again this often; a person who applies the definitions waits no longer. */
export const RETRY_MS = 2_000;

/** Node hands out the whole of a CommonJS module as its default export; other loaders hand out its `default` alone. */
const BaseOperator: typeof k8sOperator.default = Reflect.get(k8sOperator, "default") ?? k8sOperator;

/**
 * The operator's life: init (definitions installed if wanted, then awaited) -> working -> stopped. With several replicas:
 * init (definitions awaited) -> standing by -> working, as before -> stopped, or ended at once when the lease is lost. Built
 * on @dot-i/k8s-operator, of which start, init, stop and the registration of definitions are used. Its watch exits the
 * process when a connection breaks, its queue holds every event, and its requests know neither conflicts nor lost
 * replies: those three are the core's work here.
 */
export class StintOperator extends BaseOperator {
  readonly #options: LifecycleOptions;
  readonly #stopping = new AbortController();
  readonly #complaints: Complaints;
  #lead: Lead | undefined;
  #core: Core | undefined;
  #unready = "not started";

  constructor(options: LifecycleOptions) {
    super(quietLogger(options.port.log));
    this.#options = options;
    this.#complaints = new Complaints(options.port);
  }

  /** Why we are not ready to work, or to take over, or nothing. */
  notReady(): string | undefined {
    if (this.#stopping.signal.aborted) return "stopping";
    if (this.#lead !== undefined && this.#lead.state.at !== "leading") return this.#lead.notReady();
    if (this.#core === undefined) return this.#unready;
    return this.#core.ready() ? undefined : firstLists(this.#core.watches());
  }

  /** What a replica that does not work does instead. */
  standing(): string | undefined {
    return this.#lead?.standing();
  }

  /** Why the process should be started anew, or nothing. */
  stuck(): string | undefined {
    return this.#lead?.stuck();
  }

  watches(): readonly WatchAge[] {
    return [...(this.#lead?.watches() ?? []), ...(this.#core?.watches() ?? [])];
  }

  /** Ends the waiting or the work; `stopped` tells when nothing is under way any more. */
  override stop(): void {
    super.stop();
    this.#stopping.abort();
  }

  /** Resolves when no call is under way, and the lease, if it was ours, is given back. */
  async stopped(): Promise<void> {
    await (this.#lead === undefined ? this.#core?.stop() : this.#lead.stop());
  }

  protected override async init(): Promise<void> {
    const { lead, port, installCrds } = this.#options;
    if (lead === undefined) return await this.#work(port);
    // One that could not work must not get the lease: a rollout to it stops here, while the old replica goes on. To install
    // is to write: whoever is to do that does it once it leads.
    if (!installCrds) await this.#untilServed(port);
    if (!this.#stopping.signal.aborted) this.#lead = lead((fenced) => this.#workWhileLeading(fenced));
  }

  async #work(port: Port): Promise<void> {
    const { crdFolder, installCrds, version, begin } = this.#options;
    if (installCrds) {
      this.kubeConfig = new InstallingKubeConfig({ ...port, crdFolder, version });
      for (const file of crdFiles(crdFolder)) await this.#register(file);
    }
    await this.#untilServed(port);
    if (this.#stopping.signal.aborted) return;
    this.#core = begin(port);
  }

  #workWhileLeading(port: Port): Working {
    const begun = this.#work(port).catch((error: unknown) => ({ error }));
    void begun.then((ended) => ended && this.#giveUp(ended.error));
    return {
      stop: async () => {
        await begun;
        await this.#core?.stop();
      },
    };
  }

  /** Another replica may fare better, and need not wait for the end of our lease. */
  async #giveUp(error: unknown): Promise<void> {
    await this.#lead?.stop();
    this.#options.onFailed(error);
  }

  async #register(file: string): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.registerCustomResourceDefinition(file);
        return;
      } catch (error) {
        if (error instanceof CrdError && error.forbidden) {
          // They may be there already; if not, we wait for them as without --install-crds.
          const cure = "an administrator runs kubectl apply -k crds";
          this.#options.port.log.warn("no right to install the custom resource definitions", {
            cause: error.message,
            cure,
          });
          return;
        }
        // Any other refusal is for the person who asked for the installation; a server that is away comes back.
        if (!(error instanceof ConnectionError)) throw error;
        await this.#retryLater("the API server cannot be reached", error.message);
      }
    }
  }

  async #untilServed({ api }: Port): Promise<void> {
    const crds = readCrds(this.#options.crdFolder);
    while (!this.#stopping.signal.aborted) {
      try {
        const missing = await missingCrds(crds, api);
        if (missing.length === 0) return;
        const cure = "kubectl apply -k crds, or start with --install-crds";
        await this.#retryLater("custom resource definitions are missing", missing.join(", "), cure);
      } catch (error) {
        const message =
          error instanceof ConnectionError ? "the API server cannot be reached" : "the cluster refuses us";
        await this.#retryLater(message, error instanceof Error ? error.message : String(error));
      }
    }
  }

  async #retryLater(problem: string, cause: string, cure?: string): Promise<void> {
    this.#unready = `${problem}: ${cause}`;
    this.#complaints.say(problem, cause, { cure, retryMs: RETRY_MS });
    const { signal } = this.#stopping;
    await new Promise<void>((resolve) => {
      const callOff = this.#options.port.clock.after(RETRY_MS, () => {
        signal.removeEventListener("abort", ended);
        resolve();
      });
      const ended = (): void => {
        callOff();
        resolve();
      };
      if (signal.aborted) ended();
      else signal.addEventListener("abort", ended, { once: true });
    });
  }
}

/** Which of the first lists are missing, and what is in the way. */
function firstLists(watches: readonly WatchAge[]): string {
  const missing = watches.filter(({ settled }) => !settled);
  const lines = missing.map(({ resource, namespace, trouble }) => {
    const where = namespace === "" ? resource : `${resource} in namespace ${namespace}`;
    return trouble === undefined ? `the first list of ${where} is under way` : `cannot list ${where}: ${trouble}`;
  });
  return lines.join("\n");
}

interface Installing extends InstallOptions {
  readonly crdFolder: string;
}

/**
 * registerCustomResourceDefinition asks its KubeConfig for an API client and calls createCustomResourceDefinition
 * with the definition itself, as client-node had it before 1.0; client-node 2 wants it wrapped, and create alone
 * would never update. This KubeConfig hands out a client with that one method, which creates, updates and waits.
 */
class InstallingKubeConfig extends KubeConfig {
  readonly #options: Installing;

  constructor(options: Installing) {
    super();
    this.#options = options;
  }

  override makeApiClient<T extends ApiType>(type: ApiConstructor<T>): T {
    if (!Object.is(type, ApiextensionsV1Api))
      throw new Error(`${type.name} is not to be used: calls go through the port`);
    const client = { createCustomResourceDefinition: async (crd: unknown) => await this.#install(crd) };
    // The one place where a narrower client stands for the generated one; the caller knows no other method.
    return client as unknown as T;
  }

  /**
   * The definition we are handed went through client-node's models, which spell "x-kubernetes-..." with underscores, and
   * a server drops fields it does not know. So it only says which one is meant; the file itself is what is installed.
   */
  async #install(crd: unknown): Promise<void> {
    const { crdFolder } = this.#options;
    const name = text(object(object(crd)["metadata"])["name"]);
    const found = readCrds(crdFolder).find((one) => one.name === name);
    if (found === undefined) throw new Error(`${crdFolder} holds no definition named ${name ?? "(none)"}`);
    await installCrd(found.object, this.#options);
  }
}

/** What the base class says we say ourselves, with fields; it is kept for those who look closely. */
function quietLogger(log: Log): ConstructorParameters<typeof k8sOperator.default>[0] & object {
  const debug = (said: string): void => log.debug("k8s-operator", { text: said });
  return { debug, info: debug, warn: debug, error: debug };
}
