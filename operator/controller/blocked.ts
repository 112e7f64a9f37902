import type { ApiError } from "../act/errors.ts";
import { RunReason } from "../api/names.ts";
import type { Blocked } from "../decide/workflow/verdict.ts";

/** Answers to a create that time or a person changes; undefined: an ordinary failure, tried again soon. */
export function blockedBy({ kind, message }: ApiError): Blocked | undefined {
  switch (kind) {
    case "quota":
      return { reason: RunReason.QuotaExceeded, message };
    case "forbidden":
    case "policy":
      return { reason: RunReason.Forbidden, message };
    case "exists":
    case "gone":
      return { reason: RunReason.CreateFailed, message };
    case "invalid":
    case "conflict":
    case "busy":
    case "lost":
      return undefined;
  }
}
