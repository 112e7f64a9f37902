/**
 * The part of @kubernetes/client-node that a running operator needs: kubeconfigs and credentials. The bundle gives this
 * file to everybody who asks for the package (bundle.ts), because its 800 generated models and API classes, which nobody here
 * calls, cost some 50 MB of memory.
 */
import { load } from "js-yaml";

export { KubeConfig } from "@kubernetes/client-node/dist/config.js";

/** @dot-i/k8s-operator asks its KubeConfig for a client of these classes; ours answers by the class alone (lifecycle.ts). */
export class CoreV1Api {
  readonly group = "";
}
export class ApiextensionsV1Api {
  readonly group = "apiextensions.k8s.io";
}

/** The library's form turns what it reads into models; the operator library only looks at a few plain fields. */
export function loadYaml(text: string): unknown {
  return load(text);
}
