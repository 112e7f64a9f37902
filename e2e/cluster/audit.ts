/** The API server's audit log: who wrote what, and what the answer was. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { paths } from "./state.ts";

/** One finished write, as far as the policy records it. */
export interface AuditEntry {
  readonly auditID: string;
  readonly verb: string;
  readonly user: {
    readonly username: string;
    readonly groups?: readonly string[];
    /** Of a service account's token, also the pod that it was made for. */
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
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

/** How long the log is now: where what follows begins. */
export async function auditBytes(dir: string): Promise<number> {
  return (await stat(paths.audit(dir))).size;
}

/** The writes so far, oldest first, from a byte on that begins a line. An unfinished last line is left for the next reading. */
export async function* auditEntries(dir: string, start = 0): AsyncGenerator<AuditEntry> {
  const input = createReadStream(paths.audit(dir), { encoding: "utf8", start });
  const lines = createInterface({ input, crlfDelay: Infinity });
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
