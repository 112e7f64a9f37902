/**
 * The one list of differences we know and leave, each with the reason why the operator cannot notice it. What it forgets is
 * left out of both answers before they are compared.
 */
import type { Json } from "./ledger.ts";

interface Accepted {
  readonly what: string;
  readonly why: string;
  /** The details of a refusal without what may differ. */
  readonly forget: (details: Json) => Json;
}

export const ACCEPTED: readonly Accepted[] = [
  {
    what: "details.kind of a refusal: the kind or its plural, depending on who refused",
    why: "nobody reads it; kubectl prints the message",
    forget: ({ kind: _kind, ...rest }) => rest,
  },
  {
    what: "an empty details.name",
    why: "the same as none to every client",
    forget: ({ name, ...rest }) => (name === "" ? rest : { name, ...rest }),
  },
  {
    what: "a cause at field <nil>: some validation rules were not checked",
    why: "it always comes beside the cause proper",
    forget: (details) => withCauses(details, (causes) => causes.filter(({ field }) => field !== "<nil>")),
  },
  {
    what: "how often the same cause is listed, and in which order",
    why: "a real server checks labels once per layer; the operator reads only whether a reason is there",
    forget: (details) => withCauses(details, (causes) => [...new Set(causes.map(bare))].toSorted()),
  },
];

export function withoutAccepted(details: Json): Json {
  return ACCEPTED.reduce((left, { forget }) => forget(left), details);
}

function withCauses(details: Json, change: (causes: readonly Json[]) => unknown): Json {
  const causes = details["causes"];
  return Array.isArray(causes) ? { ...details, causes: change(causes as readonly Json[]) } : details;
}

/** Messages of causes are words, which may differ. */
function bare({ field, reason }: Json): string {
  return JSON.stringify([field, reason]);
}
