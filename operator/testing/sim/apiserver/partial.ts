/** Objects of which only the metadata was asked for: `Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1`. */
import type { Stored } from "../objects.ts";
import type { Resource } from "./resources.ts";
import { jsonOf } from "./store.ts";

const META = "meta.k8s.io/v1";

/** The kind that a reply shows, and how it shows an object. */
export interface Showing {
  readonly apiVersion: string;
  readonly kind: string;
  /** JSON. */
  readonly text: (object: Stored) => string;
}

export function showing(resource: Resource, metadataOnly: boolean | undefined): Showing {
  const { apiVersion, kind } = resource;
  if (metadataOnly !== true) return { apiVersion, kind, text: jsonOf };
  const shown = { apiVersion: META, kind: "PartialObjectMetadata" };
  return { ...shown, text: ({ metadata }) => JSON.stringify({ ...shown, metadata }) };
}
