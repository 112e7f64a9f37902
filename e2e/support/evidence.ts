/**
 * What the attempts of a task leave on the machine's disk while they run. All real nodes share that disk, so it tells
 * what really ran, and when, whatever the API says.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestContext } from "vitest";
import { shell } from "./objects.ts";
import { poll } from "./waiting.ts";

const MOUNT = "/evidence";
const FINISH = "finish";
const VOLUME = "evidence";
/** Ten times the pause between two notes. */
const SILENCE_MS = 2_000;

/** Five times a second it notes the seconds since the machine's start; it ends well when told to, and obeys SIGTERM. */
const SCRIPT = `
trap 'exit 3' TERM
while [ ! -e ${MOUNT}/${FINISH} ]; do
  read -r now rest < /proc/uptime
  echo "$now" >> ${MOUNT}/$HOSTNAME
  sleep 0.2
done
`;

/** When a pod was first and last seen to run, in seconds since the machine's start. */
interface Span {
  readonly pod: string;
  readonly first: number;
  readonly last: number;
}

export class Evidence {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** For the attempts of one TaskRun; it is removed when the test ends. */
  static async open(test: TestContext): Promise<Evidence> {
    const folder = await mkdtemp(join(tmpdir(), "stint-evidence-"));
    test.onTestFinished(async () => {
      await rm(folder, { recursive: true, force: true });
    });
    return new Evidence(folder);
  }

  /** The part of a pod's spec that makes its main container leave evidence. */
  podSpec(image: string): { readonly containers: readonly object[]; readonly volumes: readonly object[] } {
    const main = shell(image, SCRIPT, { volumeMounts: [{ name: VOLUME, mountPath: MOUNT }] });
    return { containers: [main], volumes: [{ name: VOLUME, hostPath: { path: this.#folder, type: "Directory" } }] };
  }

  /** Lets whatever attempt runs end with exit code 0. */
  async finish(): Promise<void> {
    await writeFile(join(this.#folder, FINISH), "");
  }

  /** Waits until the pod has noted one time more: its container runs. */
  async runs(pod: string): Promise<void> {
    const before = (await this.#span(pod)).last;
    const look = async (): Promise<true | undefined> => (await this.#span(pod)).last > before || undefined;
    await poll(look, { what: `a container of pod ${pod} to go on` });
  }

  /** Waits until the pod has noted nothing for a while: its container has ended. */
  async ended(pod: string): Promise<void> {
    const look = async (): Promise<true | undefined> => {
      const before = (await this.#span(pod)).last;
      await sleep(SILENCE_MS);
      return (await this.#span(pod)).last === before || undefined;
    };
    await poll(look, { what: `the container of pod ${pod} to end` });
  }

  /** Pods that ran at the same time, in sentences. */
  async overlaps(): Promise<readonly string[]> {
    const pods = (await readdir(this.#folder)).filter((name) => name !== FINISH);
    const spans = await Promise.all(pods.map((pod) => this.#span(pod)));
    return overlapsOf(spans);
  }

  async #span(pod: string): Promise<Span> {
    const text = await readFile(join(this.#folder, pod), "utf8").catch(() => "");
    // Of a line that is just being written only a part may be there.
    const times = text.split("\n").slice(0, -1).map(Number);
    return { pod, first: times.at(0) ?? Infinity, last: times.at(-1) ?? -Infinity };
  }
}

/** Which spans of time have a moment in common. */
export function overlapsOf(spans: readonly Span[]): readonly string[] {
  const inOrder = spans.toSorted((a, b) => a.first - b.first);
  return inOrder.flatMap((span, index) =>
    inOrder
      .slice(index + 1)
      .filter((later) => later.first <= span.last)
      .map((later) => `${later.pod} began to run at ${later.first}, ${span.pod} still ran at ${span.last}`),
  );
}
