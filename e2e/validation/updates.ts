/** Changes of stored TaskRuns, allowed and refused. Patches are merges: null takes a field away. */

export interface Update {
  /** Completes "a change of a TaskRun is ...". */
  readonly it: string;
  readonly before: object;
  readonly patch: object;
  /** The field the refusal names; none where the change is allowed. */
  readonly field?: string;
  readonly words: RegExp;
}

const TEMPLATE = { spec: { containers: [{ name: "main", image: "busybox:1.37" }] } };
const OTHER = { spec: { containers: [{ name: "main", image: "busybox:1.38" }] } };
const ANY = /(?:)/;

const spec = (change: object): object => ({ template: TEMPLATE, ...change });

const CANCEL = { field: "spec.cancel", words: /cancel is final and cannot be taken back/ };
const MANAGED_BY = { field: "spec.managedBy", words: /managedBy cannot be set, changed or removed later/ };

export const UPDATES: readonly Update[] = [
  { it: "refused: cancel taken back", before: spec({ cancel: true }), patch: { cancel: false }, ...CANCEL },
  { it: "refused: cancel removed", before: spec({ cancel: true }), patch: { cancel: null }, ...CANCEL },
  { it: "refused: managedBy set later", before: spec({}), patch: { managedBy: "a.com/b" }, ...MANAGED_BY },
  {
    it: "refused: managedBy changed",
    before: spec({ managedBy: "a.com/b" }),
    patch: { managedBy: "stint.dev/operator" },
    ...MANAGED_BY,
  },
  {
    it: "refused: managedBy removed",
    before: spec({ managedBy: "a.com/b" }),
    patch: { managedBy: null },
    ...MANAGED_BY,
  },
  {
    it: "refused: the only template removed",
    before: spec({}),
    patch: { template: null },
    field: "spec.template",
    words: /give the pod here/,
  },
  {
    it: "refused: a deadline put below another one",
    before: spec({ attemptDeadlineSeconds: 60 }),
    patch: { activeDeadlineSeconds: 59 },
    field: "spec.attemptDeadlineSeconds",
    words: /must be at most activeDeadlineSeconds/,
  },
  { it: "allowed: cancel", before: spec({}), patch: { cancel: true }, words: ANY },
  { it: "allowed: cancel of a suspended one", before: spec({ suspend: true }), patch: { cancel: true }, words: ANY },
  { it: "allowed: suspend and resume", before: spec({ suspend: true }), patch: { suspend: false }, words: ANY },
  { it: "allowed: other work", before: spec({}), patch: { template: OTHER }, words: ANY },
  { it: "allowed: other work after a cancel", before: spec({ cancel: true }), patch: { template: OTHER }, words: ANY },
  {
    it: "allowed: a PodTemplate in place of a template",
    before: spec({}),
    patch: { template: null, podTemplateRef: { name: "gpu" } },
    words: ANY,
  },
  {
    it: "allowed: more retries, other deadlines, another TTL",
    before: spec({ retry: { limit: 1 }, activeDeadlineSeconds: 60, ttlSecondsAfterFinished: 60 }),
    patch: { retry: { limit: 2 }, activeDeadlineSeconds: null, ttlSecondsAfterFinished: 0 },
    words: ANY,
  },
  { it: "allowed: onUnknownFate Retry", before: spec({}), patch: { onUnknownFate: "Retry" }, words: ANY },
];
