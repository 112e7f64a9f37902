/** What a TaskRun asks for, completed: its own words first, then the operator's configuration, then what is built in. */
import type { Defaults } from "../../api/defaults.ts";
import type { TaskRunRecord } from "../../api/records.ts";
import type { TaskRunSpec } from "../../api/types.ts";

type Spec = Omit<TaskRunSpec, "template">;
type Retry = NonNullable<Spec["retry"]>;

export interface Settings {
  readonly limit: number;
  readonly infrastructureLimit: number;
  readonly initialSeconds: number;
  readonly factor: number;
  readonly maxSeconds: number;
  readonly rules: NonNullable<Retry["rules"]>;
  readonly avoidNode: NonNullable<Retry["avoidNode"]>;
  readonly activeDeadlineSeconds?: number | undefined;
  readonly attemptDeadlineSeconds?: number | undefined;
  readonly startDeadlineSeconds?: number | undefined;
  readonly podRetention: NonNullable<Spec["podRetention"]>;
  /** undefined: a finished TaskRun stays for ever. */
  readonly ttlSeconds?: number | undefined;
}

/**
 * limit 0, as in Tekton and Airflow: a task is only repeated after its own failure if somebody says so. An infrastructure
 * failure is nobody's choice, so five of them are borne.
 */
const BUILT_IN = { limit: 0, infrastructureLimit: 5, initialSeconds: 10, factor: 2, maxSeconds: 300 } as const;

export function settingsOf(taskRun: TaskRunRecord, defaults: Defaults): Settings {
  const { spec } = taskRun;
  const retry = {
    ...BUILT_IN,
    ...defaults.retry?.backoff,
    ...given(defaults.retry),
    ...spec.retry?.backoff,
    ...given(spec.retry),
  };
  return {
    limit: retry.limit,
    infrastructureLimit: retry.infrastructureLimit,
    initialSeconds: retry.initialSeconds,
    factor: retry.factor,
    // The two may come from different places: a pause never shrinks below the first one.
    maxSeconds: Math.max(retry.initialSeconds, retry.maxSeconds),
    rules: spec.retry?.rules ?? [],
    avoidNode: spec.retry?.avoidNode ?? "Never",
    activeDeadlineSeconds: spec.activeDeadlineSeconds ?? defaults.activeDeadlineSeconds,
    attemptDeadlineSeconds: spec.attemptDeadlineSeconds ?? defaults.attemptDeadlineSeconds,
    startDeadlineSeconds: spec.startDeadlineSeconds ?? defaults.startDeadlineSeconds,
    podRetention: spec.podRetention ?? defaults.podRetention ?? "Always",
    ttlSeconds: spec.ttlSecondsAfterFinished ?? (isOfRun(taskRun) ? undefined : defaults.ttlSecondsAfterFinished),
  };
}

/**
 * It goes with the workflow's run that made it: gone before that, its results would be missing. A TaskRun that only has such a
 * run's labels is anybody's.
 */
function isOfRun({ workflow, ownerUid }: TaskRunRecord): boolean {
  return workflow !== undefined && ownerUid !== undefined;
}

/** The limits that are given; an absent one must not cover a default. */
function given(
  retry: Pick<Retry, "limit" | "infrastructureLimit"> | undefined,
): Partial<Pick<Settings, "limit" | "infrastructureLimit">> {
  const { limit, infrastructureLimit } = retry ?? {};
  return { ...(limit !== undefined && { limit }), ...(infrastructureLimit !== undefined && { infrastructureLimit }) };
}
