/** The API server's audit log: who wrote what, and what the answer was. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { paths } from "./state.ts";

/** One finished write, as far as the policy records it. */
export interface AuditEntry {
  readonly auditID: string;
  readonly verb: string;
  readonly user: { readonly username: string; readonly groups?: readonly string[] };
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly uid?: string;
    readonly apiGroup?: string;
  };
  readonly responseStatus?: { readonly code?: number; readonly reason?: string };
  /** When the request came in, and when it was answered (RFC 3339). */
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

/** The writes so far, oldest first. An unfinished last line is left for the next reading. */
export async function* auditEntries(dir: string): AsyncGenerator<AuditEntry> {
  const lines = createInterface({ input: createReadStream(paths.audit(dir), "utf8"), crlfDelay: Infinity });
  for await (const line of lines) {
    const entry = parseAuditLine(line);
    if (entry !== undefined) yield entry;
  }
}

/** One line of the log; undefined when it is not whole. */
export function parseAuditLine(line: string): AuditEntry | undefined {
  try {
    const entry = JSON.parse(line) as AuditEntry;
    return typeof entry.auditID === "string" ? entry : undefined;
  } catch {
    return undefined;
  }
}
