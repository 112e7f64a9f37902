/** Admission of a Lease (pkg/apis/coordination/validation), and how its spec is stored. */
import type { ApiResponse } from "../../../api/port.ts";
import { isRecord, type Stored } from "../objects.ts";
import { badRequest, type Cause, invalid } from "./failure.ts";
import { LEASES } from "./resources.ts";

/** The fields of a Lease's spec that are served here, with the JSON type Go decodes them from. Others are dropped. */
const FIELDS: Readonly<Record<string, "string" | "number">> = {
  holderIdentity: "string",
  leaseDurationSeconds: "number",
  acquireTime: "string",
  renewTime: "string",
  leaseTransitions: "number",
};
const TIMES = ["acquireTime", "renewTime"] as const;
/** MicroTime is decoded with exactly six digits. */
const MICRO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}(Z|[+-]\d{2}:\d{2})$/;

type Admitted = { readonly object: Stored } | { readonly refusal: ApiResponse };

/** `problems` are those of its metadata. */
export function admitLease(object: Stored, problems: readonly Cause[]): Admitted {
  const sent = object.spec ?? {};
  if (!isRecord(sent)) return unreadable("json: cannot unmarshal into Go struct field Lease.spec");
  const given = Object.entries(sent).filter(([name, value]) => Object.hasOwn(FIELDS, name) && value !== null);
  const wrong = given.find(([name, value]) => typeof value !== FIELDS[name]);
  if (wrong !== undefined) return unreadable(`json: cannot unmarshal into Go struct field LeaseSpec.spec.${wrong[0]}`);
  const spec = Object.fromEntries(given);
  // As strings by now, where they are there.
  const time = TIMES.find((name) => spec[name] !== undefined && !MICRO_TIME.test(spec[name] as string));
  if (time !== undefined)
    return unreadable(`parsing time ${JSON.stringify(spec[time])} as "2006-01-02T15:04:05.000000Z07:00"`);
  const causes = [...problems, ...numberProblems(spec)];
  // Its own refusals name the kind, in details too, as those of custom resources do.
  if (causes.length > 0) return { refusal: invalid(LEASES, object.metadata.name, causes) };
  return { object: { ...object, spec } };
}

function numberProblems({ leaseDurationSeconds, leaseTransitions }: Readonly<Record<string, unknown>>): Cause[] {
  const causes: Cause[] = [];
  const wrong = (field: string, message: string): number =>
    causes.push({ reason: "FieldValueInvalid", field: `spec.${field}`, message });
  if (typeof leaseDurationSeconds === "number" && leaseDurationSeconds <= 0)
    wrong("leaseDurationSeconds", `Invalid value: ${leaseDurationSeconds}: must be greater than 0`);
  if (typeof leaseTransitions === "number" && leaseTransitions < 0)
    wrong("leaseTransitions", `Invalid value: ${leaseTransitions}: must be greater than or equal to 0`);
  return causes;
}

function unreadable(why: string): Admitted {
  return { refusal: badRequest(`Lease in version "v1" cannot be handled as a Lease: ${why}`) };
}
