import { defineConfig, type ViteUserConfig } from "vitest/config";
import { Lanes } from "./e2e/support/lanes.ts";

/** Three kinds of tests: values in, values out (unit); the operator in a simulated cluster (sim); a real cluster (e2e). */
const config: ViteUserConfig = defineConfig({
  test: {
    sequence: { sequencer: Lanes },
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "operator/**/*.test.ts",
            "crds/**/*.test.ts",
            "openapi/**/*.test.ts",
            "manifests/**/*.test.ts",
            "bench/**/*.test.ts",
            "image/**/*.test.ts",
            "e2e/cluster/**/*.test.ts",
            "e2e/demo/**/*.test.ts",
            "e2e/support/**/*.test.ts",
            "e2e/tools/**/*.test.ts",
          ],
          exclude: ["operator/testing/sim/runs/**"],
          // No module has a state of its own, so files may share a process: that halves the time of the whole.
          isolate: false,
          // Property tests take seconds on a machine that does something else too; a hang is still found.
          testTimeout: 180_000,
        },
      },
      {
        test: {
          name: "sim",
          include: ["operator/testing/sim/runs/**/*.test.ts"],
          testTimeout: 600_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["e2e/*.test.ts"],
          // More than any sum of waits that are each bounded; their own errors say more than this limit.
          testTimeout: 600_000,
          hookTimeout: 900_000,
          fileParallelism: false,
          globalSetup: ["e2e/support/cluster.ts"],
        },
      },
    ],
  },
});
export default config;
