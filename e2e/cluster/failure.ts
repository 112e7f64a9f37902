/** A problem the user can do something about: shown as its message, without a stack. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
