/**
 * `make demo`: a local Kubernetes (or the given one), the operator, the sample TaskRuns and a workflow on real pods, from
 * apply to end. Exits with 1 if one does not end as it should.
 */
import { openCluster, type OpenCluster } from "./support/access.ts";
import { messageOf } from "./cluster/failure.ts";
import { show } from "./demo/show.ts";

/** The exit code of a program that was interrupted, as shells report it. */
const INTERRUPTED = 130;

const say = (line: string): void => console.log(line);

async function main(): Promise<number> {
  const interrupt = new AbortController();
  onSignal(() => {
    if (interrupt.signal.aborted) process.exit(INTERRUPTED);
    say("\ninterrupted; cleaning up (once more to leave at once: the next make demo removes the rest)");
    interrupt.abort(new Error("interrupted"));
  });
  let cluster: OpenCluster | undefined;
  try {
    say("Stint demo: three sample tasks and a workflow on a real Kubernetes\n");
    cluster = await openCluster({ name: "demo", realNodes: 1, simulatedNodes: 0, needsContainers: true }, say);
    interrupt.signal.throwIfAborted();
    if (!cluster.access.realNodes) throw new Error("the samples need a cluster in which containers really run");
    const good = await show(cluster.access, interrupt.signal, say);
    return good ? 0 : 1;
  } catch (error) {
    if (interrupt.signal.aborted) return INTERRUPTED;
    console.error(`\nerror: ${messageOf(error)}`);
    return 1;
  } finally {
    await cluster?.close().catch((error: unknown) => console.error(`cleaning up failed: ${messageOf(error)}`));
  }
}

function onSignal(act: () => void): void {
  process.on("SIGINT", act);
  process.on("SIGTERM", act);
}

process.exit(await main());
