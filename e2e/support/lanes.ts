/**
 * End-to-end tests wait for kubelets most of the time, so `make test` runs them in two lanes at once, each with a cluster of its own
 * (`vitest --shard=1/2` and `2/2`). Which file goes where is decided here, so that both lanes end at about the same time.
 */
import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take longer than most, and how long, in seconds, both lanes on two cores. */
export const LONG_SECONDS: Readonly<Record<string, number>> = {
  "outage.test.ts": 154,
  "nodeloss.test.ts": 113,
  "rights.test.ts": 85,
  "highavailability.test.ts": 73,
  "workflowscale.test.ts": 66,
  "process.test.ts": 59,
  "incluster.test.ts": 58,
  "demo.test.ts": 53,
  "leader.test.ts": 52,
  "helm.test.ts": 42,
  "deadlines.test.ts": 41,
  "upgrade.test.ts": 41,
  "crash.test.ts": 37,
  "simulator.test.ts": 37,
  "disruption.test.ts": 34,
  "podtemplates.test.ts": 27,
};

/** What a file takes that is not in the list. */
const ORDINARY_SECONDS = 11;

/** The longest first, each to the lane that has least so far. Returns the names of each lane in the order given. */
export function lanesOf(names: readonly string[], count: number): readonly (readonly string[])[] {
  const weight = (name: string): number => LONG_SECONDS[basename(name)] ?? ORDINARY_SECONDS;
  const lanes = Array.from({ length: count }, () => ({ seconds: 0, names: new Set<string>() }));
  const byWeight = names.toSorted((left, right) => weight(right) - weight(left) || (left < right ? -1 : 1));
  for (const name of byWeight) {
    const shortest = lanes.reduce((best, lane) => (lane.seconds < best.seconds ? lane : best));
    shortest.seconds += weight(name);
    shortest.names.add(name);
  }
  return lanes.map((lane) => names.filter((name) => lane.names.has(name)));
}

/** Vitest's own order, and our lanes for its shards. */
export class Lanes extends BaseSequencer {
  override async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { shard } = this.ctx.config;
    if (shard === undefined) return files;
    const lane = lanesOf(
      files.map(({ moduleId }) => moduleId),
      shard.count,
    )[shard.index - 1];
    return await Promise.resolve(files.filter(({ moduleId }) => lane?.includes(moduleId)));
  }
}
