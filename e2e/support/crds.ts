/** The definitions of the checkout, by kubectl. */
import { join } from "node:path";
import type { Kubectl } from "./kubectl.ts";

/** The arguments that name all of them. */
export const CRDS: readonly string[] = ["-k", join(import.meta.dirname, "../../crds")];

/** Applies them and waits until the server serves them. */
export async function applyCrds(kubectl: Kubectl, of: readonly string[] = CRDS): Promise<void> {
  await kubectl.run(["apply", ...of]);
  const ours = "--selector=app.kubernetes.io/part-of=stint";
  await kubectl.run(["wait", "crd", ours, "--for=condition=Established", "--timeout=30s"]);
}
