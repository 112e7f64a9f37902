/** The reference that makes an object go with its owner. */
import type { Json } from "../api/decode.ts";
import { API_VERSION } from "../api/names.ts";
import type { OwnResource } from "../api/paths.ts";

/** Its controller's, which there can be one of; a foreground deletion of the owner waits for the object. */
export function controllerReference(
  kind: OwnResource["kind"],
  { name, uid }: { readonly name: string; readonly uid: string },
): Json {
  return { apiVersion: API_VERSION, kind, name, uid, controller: true, blockOwnerDeletion: true };
}
