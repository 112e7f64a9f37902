/** Which Stint this is. The version stands in package.json and nowhere else. */
import packageJson from "../package.json" with { type: "json" };

/** Put in by the bundler; from source there is none. */
declare const STINT_COMMIT: string | undefined;

export interface Build {
  readonly version: string;
  /** The commit it was bundled from, with "-modified" where files had changed since; "unknown" from source or outside Git. */
  readonly commit: string;
  /** The Node.js it runs on, as that spells it ("v24.21.0"). */
  readonly node: string;
}

export const BUILD: Build = {
  version: packageJson.version,
  commit: typeof STINT_COMMIT === "string" ? STINT_COMMIT : "unknown",
  node: process.version,
};
