/**
 * Bundles the operator into dist/operator.cjs, the file the image holds and `make run` starts. Bundled it starts faster and
 * needs less than half the memory it takes from source.
 */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Plugin } from "esbuild";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** Only the part of client-node that is used, and of that part only what is reached: its files do nothing when loaded. */
const slimClient: Plugin = {
  name: "slim-client",
  setup(bundler) {
    bundler.onResolve({ filter: /^@kubernetes\/client-node$/ }, () => ({
      path: path("port/clientnode.ts"),
      sideEffects: false,
    }));
    bundler.onResolve({ filter: /^\.\.?\// }, async ({ path: file, pluginData, ...from }) => {
      if (pluginData === "asked" || !from.resolveDir.includes("/@kubernetes/client-node/dist")) return undefined;
      const { path: found, errors } = await bundler.resolve(file, { ...from, pluginData: "asked" });
      return { path: found, errors, sideEffects: false };
    });
  },
};

await build({
  entryPoints: [path("main.ts")],
  outfile: path("../dist/operator.cjs"),
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  // Names stay readable, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  define: { "import.meta.dirname": "__dirname" },
  // Serves only the request code of the operator library, which we do not use.
  alias: { gaxios: "node:util" },
  plugins: [slimClient],
  logLevel: "warning",
});
