/**
 * End-to-end tests wait for kubelets most of the time, so `make test` runs them in two lanes at once, each with a cluster of its own
 * (`vitest --shard=1/2` and `2/2`). Which file goes where is decided here, so that both lanes end at about the same time.
 */
import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take longer than most, and how long, in seconds on a quiet machine with two cores. */
export const LONG_SECONDS: Readonly<Record<string, number>> = {
  "outage.test.ts": 168,
  "upgrade.test.ts": 45,
  "leader.test.ts": 54,
  "nodeloss.test.ts": 114,
  "highavailability.test.ts": 90,
  "incluster.test.ts": 60,
  "helm.test.ts": 45,
};

/** What a file takes that is not in the list. */
const ORDINARY_SECONDS = 15;

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
