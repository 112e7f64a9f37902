/** Generated from crds/*.yaml by `make generate`; do not edit. */
/**
 * What is to be run, how often it may be tried, and for how long.
 */
export interface TaskRunSpec {
  /**
   * A core/v1 PodTemplate of the same namespace as the base of the pod. template is merged over it by the API's strategic merge. Read when an attempt starts; while there is no such PodTemplate the TaskRun waits with reason TemplateNotFound.
   */
  podTemplateRef?: {
    /**
     * The name of the PodTemplate, up to 253 characters.
     */
    name: string;
  };
  /**
   * The worker pod, as in a Job. Needed unless podTemplateRef is given. It is merged over the PodTemplate of podTemplateRef, that over the namespace's PodTemplate stint-default, that over the operator's default template: containers, env and volumes by name and so on, as kubectl patch does. The API server judges the whole pod when it is created; what it refuses ends the TaskRun with reason InvalidTemplate and the server's words.
   */
  template?: {
    [k: string]: unknown;
  };
  /**
   * How often and how soon a failed attempt is followed by another one. Failures of the task itself and failures of the infrastructure are counted apart.
   */
  retry?: {
    /**
     * How many times the task is tried again after failures of its own (exit codes other than 0, out of memory, attemptDeadlineSeconds, missing results), 0 to 100; 0 unless the operator's configuration says otherwise. 2 means at most three such failures.
     */
    limit?: number;
    /**
     * How many times the task is tried again after failures that are not its own (evicted, preempted, node lost or shut down, pod deleted or never started), 0 to 100; 5 unless the operator's configuration says otherwise. Set it to 0 for a task that must not be started a second time.
     */
    infrastructureLimit?: number;
    /**
     * The pause before the next attempt, counted from the end of the last one. It starts at initialSeconds and is multiplied by factor after each further failure of the same class, up to maxSeconds; then it is shortened by up to a fifth, so that many tasks that failed together do not start together.
     */
    backoff?: {
      /**
       * Seconds before the second attempt, 0 to 86400, 10 unless the operator's configuration says otherwise. 0 means at once.
       */
      initialSeconds?: number;
      /**
       * What the pause is multiplied by after each further failure, 1 to 10; 2 unless the operator's configuration says otherwise. 1 keeps it the same.
       */
      factor?: number;
      /**
       * The longest pause in seconds, at least initialSeconds and at most 86400; 300 unless the operator's configuration says otherwise.
       */
      maxSeconds?: number;
    };
    /**
     * What to do after certain failures, at most 16 rules. The first that matches decides; where none does, the failure is tried again while its budget (limit or infrastructureLimit) lasts.
     *
     * @maxItems 16
     *
     * Items: One rule, for exit codes or for reasons.
     */
    rules?: {
      /**
       * Matches an attempt whose main container ended by itself with one of these exit codes (In), or with none of them (NotIn).
       */
      exitCodes?: {
        /**
         * In (one of the values) or NotIn (none of them). Exit code 0 is a success and never looked at.
         */
        operator: "In" | "NotIn";
        /**
         * Exit codes, 1 to 255, at most 32 of them.
         *
         * @minItems 1
         * @maxItems 32
         *
         * Items: An exit code.
         */
        values: number[];
      };
      /**
       * Matches an attempt that failed for one of these reasons, at most 16, as they stand in status.attempts.
       *
       * @minItems 1
       * @maxItems 16
       *
       * Items: A reason.
       */
      reasons?: (
        | "ExitCode"
        | "OOMKilled"
        | "Evicted"
        | "Preempted"
        | "NodeShutdown"
        | "NodeLost"
        | "NodeRefused"
        | "PodFailed"
        | "PodDeleted"
        | "UnknownFate"
        | "ContainerCreateFailed"
        | "StartDeadlineExceeded"
        | "AttemptDeadlineExceeded"
        | "MissingResult"
        | "InvalidResult"
      )[];
      /**
       * Fail ends the TaskRun with this failure, whatever is left of its budgets. Retry tries again while the budget of the failure's class lasts.
       */
      action: "Fail" | "Retry";
      /**
       * With reasons OOMKilled, the memory limit of the main container (and its request, in proportion) is multiplied for all later attempts.
       */
      memory?: {
        /**
         * What the limit is multiplied by, a decimal number in quotes above "1" and at most "10", with at most 3 decimals, such as "1.5".
         */
        factor: string;
        /**
         * The limit never grows beyond this amount, such as 16Gi, at least 1M; a limit that is greater from the start stays as it is. Without it only the nodes' size bounds it.
         */
        max?: string;
      };
    }[];
    /**
     * Whether a further attempt keeps away from the nodes where earlier ones failed. Prefer, if another node fits; Require, even if it must wait for one. Never by default. Counts the last 10 attempts.
     */
    avoidNode?: "Never" | "Prefer" | "Require";
  };
  /**
   * How long the whole TaskRun may take, in seconds from the creation of its first pod (1 to 31536000, a year), pauses between attempts included. Then the running pod is deleted gracefully, its log with it, and the TaskRun fails with reason DeadlineExceeded. An attempt that ended well before the deadline counts, whenever it is looked at. Begins anew after a suspension and when changed work runs again. Without it there is no deadline, unless the operator's configuration has one.
   */
  activeDeadlineSeconds?: number;
  /**
   * How long one attempt may take, in seconds from the creation of its pod (1 to 31536000). Then its pod is deleted gracefully and the attempt has failed with reason AttemptDeadlineExceeded, a failure of the task itself (retry.limit). At most activeDeadlineSeconds. Without it there is no such deadline, unless the operator's configuration has one.
   */
  attemptDeadlineSeconds?: number;
  /**
   * How long a pod may take to start its main container, in seconds from its creation (1 to 31536000): finding a node, pulling images, running init containers. Then it is deleted and the attempt has failed with reason StartDeadlineExceeded (retry.infrastructureLimit). At most the other two deadlines. Without it a pod that cannot start is waited for, unless the operator's configuration has one.
   */
  startDeadlineSeconds?: number;
  /**
   * What to do when a pod is gone and nobody can say whether its containers still run (force-deleted, or its node cannot be reached). Wait, the default, waits with reason UnknownFate until its node is gone or marked out-of-service, the TaskRun is cancelled, or this field is set to Retry. Retry starts the next attempt (retry.infrastructureLimit); the task may then run twice at once.
   */
  onUnknownFate?: "Wait" | "Retry";
  /**
   * What the task hands over, at most 32 values. The main container writes a JSON object with these keys to its termination message (/dev/termination-log unless terminationMessagePath says otherwise), at most 4096 bytes; they appear in status.results. A task that ends well without one of them has failed with reason MissingResult.
   *
   * @maxItems 32
   *
   * Items: One result.
   */
  results?: {
    /**
     * The key in the JSON object and in status.results, up to 63 letters, digits, - and _, beginning with a letter or _.
     */
    name: string;
  }[];
  /**
   * What a change of the work (template, podTemplateRef, results) does. OnSpecChange, the default, runs the task again with a new pod, also when it had finished (but not when it was cancelled); a running pod is stopped first. With Never a change applies from the next attempt on. A change of the PodTemplate itself never runs anything again.
   */
  rerun?: "OnSpecChange" | "Never";
  /**
   * true stops the task for now: a running pod is deleted gracefully, its log with it, and the phase is Suspended. false again starts a new attempt, which counts on no retry limit. A task that ends well before it is stopped has succeeded. False by default.
   */
  suspend?: boolean;
  /**
   * true ends the TaskRun: a running pod is deleted gracefully, its log with it, then the phase is Cancelled. Final. A task that had already succeeded stays Succeeded. False by default.
   */
  cancel?: boolean;
  /**
   * Which pods stay after their attempt has ended, until the TaskRun itself goes. Always, the default unless the operator's configuration says otherwise; OnFailure, all but those of attempts that succeeded; Never. The others are deleted once their end stands in the status, and their logs with them.
   */
  podRetention?: "Always" | "OnFailure" | "Never";
  /**
   * How many seconds after its end a finished TaskRun stays (0 to 315360000, ten years); then ttlAction applies. Counted from status.completionTime, also while no operator runs. Without it, it stays for ever, unless the operator's configuration has a value.
   */
  ttlSecondsAfterFinished?: number;
  /**
   * What happens when ttlSecondsAfterFinished is over. Delete removes the TaskRun with its pods. Compact removes the pods and all of the status but the outcome; the object stays, so that Argo CD finds nothing missing and applying its file again runs nothing. Unless given, Compact for a TaskRun that nobody owns and that carries a tracking label or annotation of Argo CD, Flux or Helm (app.kubernetes.io/instance, argocd.argoproj.io/instance, argocd.argoproj.io/tracking-id, kustomize.toolkit.fluxcd.io/name, meta.helm.sh/release-name), Delete for others.
   */
  ttlAction?: "Delete" | "Compact";
  /**
   * Who runs this TaskRun, as in a Job. Any value but stint.dev/operator makes Stint leave the object alone, for another controller. Up to 63 characters, of the form example.com/name; cannot be changed.
   */
  managedBy?: string;
}

/**
 * What the operator observed. Written by the operator only.
 */
export interface TaskRunStatus {
  /**
   * Pending (no main container runs yet, or a pause before the next attempt), Running, Suspended, and the three ends Succeeded, Failed and Cancelled. Says the same as the condition Succeeded; usable as a field selector (status.phase=Failed).
   */
  phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Cancelled" | "Suspended";
  /**
   * The metadata.generation this status was made from. Smaller than metadata.generation means the status is about to change.
   */
  observedGeneration?: number;
  /**
   * The current or last attempt, counted from 1.
   */
  attempt?: number;
  /**
   * How many attempts have failed, by class. Begins anew when changed work runs.
   */
  failures?: {
    /**
     * Failures of the task itself; retry.limit bounds the retries.
     */
    application?: number;
    /**
     * Failures that were not the task's own; retry.infrastructureLimit bounds the retries.
     */
    infrastructure?: number;
  };
  /**
   * The pod of this attempt, in the TaskRun's namespace.
   */
  podName?: string;
  /**
   * The uid of that pod.
   */
  podUID?: string;
  /**
   * The node that pod was placed on.
   */
  nodeName?: string;
  /**
   * When the first pod of this work was created. Begins anew after a suspension and when changed work runs.
   */
  startTime?: string;
  /**
   * When the TaskRun came to its end.
   */
  completionTime?: string;
  /**
   * completionTime minus startTime for people, such as 3m21s. Set at the end.
   */
  duration?: string;
  /**
   * The exit code of the main container in the current or last attempt, once it ended.
   */
  exitCode?: number;
  /**
   * What the task handed over, by the names of spec.results. Text as it is, everything else as JSON.
   */
  results?: {
    /**
     * The value of one result.
     */
    [k: string]: string;
  };
  /**
   * A hash of the work this status speaks of (template, name of the PodTemplate, results). When the spec's differs, the task runs again.
   */
  workHash?: string;
  /**
   * The memory limit of the main container for further attempts, after it was raised by a rule of retry.rules.
   */
  memory?: string;
  /**
   * What is kept of the main container's log.
   */
  log?: {
    /**
     * The last lines, at most 2 KiB, of an attempt that failed, with terminationMessagePolicy FallbackToLogsOnError in the template.
     */
    tail?: string;
  };
  /**
   * true once ttlSecondsAfterFinished was over and only the outcome was kept.
   */
  compacted?: boolean;
  /**
   * When the next attempt starts, while pausing between attempts.
   */
  nextAttemptTime?: string;
  /**
   * The last 10 attempts that ended, newest last.
   *
   * @maxItems 10
   *
   * Items: One attempt that ended.
   */
  attempts?: {
    /**
     * Counted from 1.
     */
    number: number;
    /**
     * Its pod.
     */
    podName?: string;
    /**
     * The uid of its pod.
     */
    podUID?: string;
    /**
     * The node of its pod.
     */
    nodeName?: string;
    /**
     * How it ended, in one word, such as Succeeded, ExitCode, OOMKilled, Evicted or PodDeleted.
     */
    reason: string;
    /**
     * Whose failure it was, Application, Infrastructure or Unknown. Absent if it was none.
     */
    class?: string;
    /**
     * The work it ran, as in status.workHash.
     */
    workHash?: string;
    /**
     * How it ended, in a sentence.
     */
    message?: string;
    /**
     * The exit code of its main container, if it ever ran.
     */
    exitCode?: number;
    /**
     * When its pod was created.
     */
    startTime?: string;
    /**
     * When its main container ended, or, if it never ran, when the attempt was given up.
     */
    completionTime?: string;
    /**
     * What is kept of its log.
     */
    log?: {
      /**
       * The last lines, at most 1 KiB.
       */
      tail?: string;
    };
  }[];
  /**
   * The condition Succeeded is Unknown until the end (and while suspended), then True (Succeeded) or False (Failed, Cancelled). kubectl wait --for=condition=Succeeded waits for a success; --for=jsonpath={.status.completionTime} waits for any end. Beside it, for tools such as Flux, there is Reconciling while it is Unknown and Stalled while it is False.
   *
   * @maxItems 8
   *
   * Items: One condition, in the usual form of the Kubernetes API.
   */
  conditions?: {
    /**
     * The condition's name, Succeeded, Reconciling or Stalled.
     */
    type: string;
    /**
     * True, False or Unknown.
     */
    status: "True" | "False" | "Unknown";
    /**
     * Why, in one CamelCase word of a fixed list.
     */
    reason: string;
    /**
     * Why, in a sentence that says what to do if something is wrong.
     */
    message: string;
    /**
     * The metadata.generation the condition was made from.
     */
    observedGeneration?: number;
    /**
     * When status last changed.
     */
    lastTransitionTime: string;
  }[];
}

/**
 * What is to be run, with which values.
 */
export interface WorkflowRunSpec {
  /**
   * The Workflow of this namespace to run. While there is none of this name the run waits with reason WorkflowNotFound.
   */
  workflowRef: {
    /**
     * Its name.
     */
    name: string;
  };
  /**
   * Values for the Workflow's params, in place of their defaults. Cannot be changed later.
   */
  params?: {
    /**
     * The value of one param, in quotes if it looks like a number or a boolean.
     */
    [k: string]: string;
  };
  /**
   * The span of time whose data the run is about; $(run.ds) and others come from it. Without it both ends are the moment the run was created. Cannot be changed later.
   */
  dataInterval?: {
    /**
     * Its beginning, such as 2026-11-21T00:00:00Z.
     */
    start: string;
    /**
     * Its end, such as 2026-11-22T00:00:00Z.
     */
    end: string;
  };
  /**
   * true stops the run for now. No task starts, and those under way are suspended like a TaskRun by its own suspend. false again goes on. False by default.
   */
  suspend?: boolean;
  /**
   * true ends the run. Tasks under way are stopped gracefully, others do not start, finally runs, then the phase is Cancelled. (Cancel the TaskRuns of finally to end those, too.) A run that had ended stays as it is. False by default.
   */
  cancel?: boolean;
  /**
   * Runs part of an ended run again, once for every new id; what succeeded stays, with its results. Set while the run is under way it is acted on at its end. Not acted on while cancel is true.
   */
  retry?: {
    /**
     * A word of your choice, such as today's date. Another one than last time starts another retry.
     */
    id: string;
    /**
     * Failed, the default, runs what failed or was cancelled and what did not run because of that. Tasks runs the tasks named under tasks, TasksAndDownstream also all that depend on them. finally always runs again.
     */
    scope?: "Failed" | "Tasks" | "TasksAndDownstream";
    /**
     * Names of tasks, for the scopes Tasks and TasksAndDownstream.
     *
     * @maxItems 1000
     *
     * Items: The name of a task.
     */
    tasks?: string[];
  };
}

/**
 * What the operator observed. Written by the operator only.
 */
export interface WorkflowRunStatus {
  /**
   * Pending, Running, Suspended, and the three ends Succeeded, Failed and Cancelled. Says the same as the condition Succeeded; usable as a field selector (status.phase=Failed).
   */
  phase?: "Pending" | "Running" | "Suspended" | "Succeeded" | "Failed" | "Cancelled";
  /**
   * The metadata.generation this status was made from. Smaller than metadata.generation means the status is about to change.
   */
  observedGeneration?: number;
  /**
   * The generation of the Workflow that this run executes.
   */
  workflowGeneration?: number;
  /**
   * The ControllerRevision (apps/v1) that holds the definition as it was when the run started.
   */
  revision?: string;
  /**
   * When the run began.
   */
  startTime?: string;
  /**
   * When the run came to its end.
   */
  completionTime?: string;
  /**
   * completionTime minus startTime for people, such as 3m21s. Set at the end.
   */
  duration?: string;
  /**
   * How many tasks have ended and how many there are, such as 42/100, parts of mapped tasks counted one by one.
   */
  progress?: string;
  /**
   * Tasks by where they stand, parts of mapped tasks counted one by one.
   */
  tasks?: {
    /**
     * All of them. A mapped task counts as one until its list is known.
     */
    total?: number;
    /**
     * Those without a TaskRun yet.
     */
    pending?: number;
    /**
     * Those whose TaskRun has not ended, whether its pod runs already or not.
     */
    running?: number;
    /**
     * Those of the running ones that pause before another attempt.
     */
    retrying?: number;
    /**
     * Those that succeeded.
     */
    succeeded?: number;
    /**
     * Those that failed.
     */
    failed?: number;
    /**
     * Those that never ran because something they depend on failed.
     */
    upstreamFailed?: number;
    /**
     * Those that were skipped by when, by their trigger rule, or for an empty list.
     */
    skipped?: number;
    /**
     * Those that were stopped, or never started because the run was.
     */
    cancelled?: number;
  };
  /**
   * One letter per task in the order of spec.tasks, then spec.finally. A dot, pending; R, running; S, succeeded; F, failed; U, upstream failed; K, skipped; C, cancelled.
   */
  states?: string;
  /**
   * The parts of mapped tasks, as ranges of their indexes such as 0-3,7. Parts named nowhere have not started.
   *
   * @maxItems 16384
   *
   * Items: One mapped task whose list is known.
   */
  mapped?: {
    /**
     * Its name.
     */
    task: string;
    /**
     * How many parts it has.
     */
    total: number;
    /**
     * Parts whose TaskRun has not ended.
     */
    running?: string;
    /**
     * Parts that succeeded.
     */
    succeeded?: string;
    /**
     * Parts that failed.
     */
    failed?: string;
    /**
     * Parts that were cancelled.
     */
    cancelled?: string;
  }[];
  /**
   * The first 10 tasks that failed, in the order of the definition.
   *
   * @maxItems 10
   *
   * Items: One task, or one part of a mapped task, that failed.
   */
  firstFailures?: {
    /**
     * Its name.
     */
    task: string;
    /**
     * Which part, of a mapped task.
     */
    index?: number;
    /**
     * Its TaskRun, or its WorkflowRun if it is a sub-workflow. Absent if none was made.
     */
    taskRun?: string;
    /**
     * Why, in one word.
     */
    reason: string;
    /**
     * Why, in a sentence.
     */
    message?: string;
  }[];
  /**
   * Why the run was stopped before all its tasks had ended, if it was.
   */
  stopped?: "Cancelled" | "DeadlineExceeded" | "FailFast";
  /**
   * The last retry that was acted on.
   */
  retry?: {
    /**
     * Its id, as in spec.retry.
     */
    id: string;
    /**
     * How many retries there were. TaskRuns of this one end in -rN.
     */
    round?: number;
    /**
     * When it began.
     */
    startTime?: string;
    /**
     * Why it ran nothing, if so.
     */
    message?: string;
  };
  /**
   * The condition Succeeded is Unknown until the end (and while suspended), then True (Succeeded) or False (Failed, Cancelled). kubectl wait --for=condition=Succeeded waits for a success; --for=jsonpath={.status.completionTime} waits for any end. Beside it, for tools such as Flux, there is Reconciling while it is Unknown and Stalled while it is False.
   *
   * @maxItems 8
   *
   * Items: One condition, in the usual form of the Kubernetes API.
   */
  conditions?: {
    /**
     * The condition's name, Succeeded, Reconciling or Stalled.
     */
    type: string;
    /**
     * True, False or Unknown.
     */
    status: "True" | "False" | "Unknown";
    /**
     * Why, in one CamelCase word of a fixed list.
     */
    reason: string;
    /**
     * Why, in a sentence that says what to do if something is wrong.
     */
    message: string;
    /**
     * The metadata.generation the condition was made from.
     */
    observedGeneration?: number;
    /**
     * When status last changed.
     */
    lastTransitionTime: string;
  }[];
}

/**
 * The tasks, what they have in common, and when they run.
 */
export interface WorkflowSpec {
  /**
   * What a run can be given, at most 64 values. $(params.NAME) stands for the value.
   *
   * @maxItems 64
   *
   * Items: One param.
   */
  params?: {
    /**
     * The param's name, up to 63 letters, digits, - and _, beginning with a letter or _.
     */
    name: string;
    /**
     * What it is for, in words for people.
     */
    description?: string;
    /**
     * The value where a run gives none. Without a default every run must give one.
     */
    default?: string;
    /**
     * The values that are allowed, at most 100. Any, unless given.
     *
     * @minItems 1
     * @maxItems 100
     *
     * Items: A value.
     */
    enum?: string[];
  }[];
  /**
   * What every task gets that does not say it itself. template and a task's own template are merged as kubectl patch does it, other objects field by field, lists as a whole. Not for tasks with a workflowRef.
   */
  taskDefaults?: {
    /**
     * The worker pod, a PodTemplateSpec as in a TaskRun: metadata (labels, annotations) and spec. $(...) in its texts is replaced. Merged over taskDefaults.template, as kubectl patch does it; what the API server refuses ends the task with reason InvalidTemplate.
     */
    template?: {
      [k: string]: unknown;
    };
    /**
     * A core/v1 PodTemplate of the same namespace as the base of the pod. template is merged over it by the API's strategic merge. Read when an attempt starts; while there is no such PodTemplate the TaskRun waits with reason TemplateNotFound.
     */
    podTemplateRef?: {
      /**
       * The name of the PodTemplate, up to 253 characters.
       */
      name: string;
    };
    /**
     * How often and how soon a failed attempt is followed by another one. Failures of the task itself and failures of the infrastructure are counted apart.
     */
    retry?: {
      /**
       * How many times the task is tried again after failures of its own (exit codes other than 0, out of memory, attemptDeadlineSeconds, missing results), 0 to 100; 0 unless the operator's configuration says otherwise. 2 means at most three such failures.
       */
      limit?: number;
      /**
       * How many times the task is tried again after failures that are not its own (evicted, preempted, node lost or shut down, pod deleted or never started), 0 to 100; 5 unless the operator's configuration says otherwise. Set it to 0 for a task that must not be started a second time.
       */
      infrastructureLimit?: number;
      /**
       * The pause before the next attempt, counted from the end of the last one. It starts at initialSeconds and is multiplied by factor after each further failure of the same class, up to maxSeconds; then it is shortened by up to a fifth, so that many tasks that failed together do not start together.
       */
      backoff?: {
        /**
         * Seconds before the second attempt, 0 to 86400, 10 unless the operator's configuration says otherwise. 0 means at once.
         */
        initialSeconds?: number;
        /**
         * What the pause is multiplied by after each further failure, 1 to 10; 2 unless the operator's configuration says otherwise. 1 keeps it the same.
         */
        factor?: number;
        /**
         * The longest pause in seconds, at least initialSeconds and at most 86400; 300 unless the operator's configuration says otherwise.
         */
        maxSeconds?: number;
      };
      /**
       * What to do after certain failures, at most 16 rules. The first that matches decides; where none does, the failure is tried again while its budget (limit or infrastructureLimit) lasts.
       *
       * @maxItems 16
       *
       * Items: One rule, for exit codes or for reasons.
       */
      rules?: {
        /**
         * Matches an attempt whose main container ended by itself with one of these exit codes (In), or with none of them (NotIn).
         */
        exitCodes?: {
          /**
           * In (one of the values) or NotIn (none of them). Exit code 0 is a success and never looked at.
           */
          operator: "In" | "NotIn";
          /**
           * Exit codes, 1 to 255, at most 32 of them.
           *
           * @minItems 1
           * @maxItems 32
           *
           * Items: An exit code.
           */
          values: number[];
        };
        /**
         * Matches an attempt that failed for one of these reasons, at most 16, as they stand in status.attempts.
         *
         * @minItems 1
         * @maxItems 16
         *
         * Items: A reason.
         */
        reasons?: (
          | "ExitCode"
          | "OOMKilled"
          | "Evicted"
          | "Preempted"
          | "NodeShutdown"
          | "NodeLost"
          | "NodeRefused"
          | "PodFailed"
          | "PodDeleted"
          | "UnknownFate"
          | "ContainerCreateFailed"
          | "StartDeadlineExceeded"
          | "AttemptDeadlineExceeded"
          | "MissingResult"
          | "InvalidResult"
        )[];
        /**
         * Fail ends the TaskRun with this failure, whatever is left of its budgets. Retry tries again while the budget of the failure's class lasts.
         */
        action: "Fail" | "Retry";
        /**
         * With reasons OOMKilled, the memory limit of the main container (and its request, in proportion) is multiplied for all later attempts.
         */
        memory?: {
          /**
           * What the limit is multiplied by, a decimal number in quotes above "1" and at most "10", with at most 3 decimals, such as "1.5".
           */
          factor: string;
          /**
           * The limit never grows beyond this amount, such as 16Gi, at least 1M; a limit that is greater from the start stays as it is. Without it only the nodes' size bounds it.
           */
          max?: string;
        };
      }[];
      /**
       * Whether a further attempt keeps away from the nodes where earlier ones failed. Prefer, if another node fits; Require, even if it must wait for one. Never by default. Counts the last 10 attempts.
       */
      avoidNode?: "Never" | "Prefer" | "Require";
    };
    /**
     * How long the whole TaskRun may take, in seconds from the creation of its first pod (1 to 31536000, a year), pauses between attempts included. Then the running pod is deleted gracefully, its log with it, and the TaskRun fails with reason DeadlineExceeded. An attempt that ended well before the deadline counts, whenever it is looked at. Begins anew after a suspension and when changed work runs again. Without it there is no deadline, unless the operator's configuration has one.
     */
    activeDeadlineSeconds?: number;
    /**
     * How long one attempt may take, in seconds from the creation of its pod (1 to 31536000). Then its pod is deleted gracefully and the attempt has failed with reason AttemptDeadlineExceeded, a failure of the task itself (retry.limit). At most activeDeadlineSeconds. Without it there is no such deadline, unless the operator's configuration has one.
     */
    attemptDeadlineSeconds?: number;
    /**
     * How long a pod may take to start its main container, in seconds from its creation (1 to 31536000): finding a node, pulling images, running init containers. Then it is deleted and the attempt has failed with reason StartDeadlineExceeded (retry.infrastructureLimit). At most the other two deadlines. Without it a pod that cannot start is waited for, unless the operator's configuration has one.
     */
    startDeadlineSeconds?: number;
    /**
     * What to do when a pod is gone and nobody can say whether its containers still run (force-deleted, or its node cannot be reached). Wait, the default, waits with reason UnknownFate until its node is gone or marked out-of-service, the TaskRun is cancelled, or this field is set to Retry. Retry starts the next attempt (retry.infrastructureLimit); the task may then run twice at once.
     */
    onUnknownFate?: "Wait" | "Retry";
    /**
     * Which pods stay after their attempt has ended, until the TaskRun itself goes. Always, the default unless the operator's configuration says otherwise; OnFailure, all but those of attempts that succeeded; Never. The others are deleted once their end stands in the status, and their logs with them.
     */
    podRetention?: "Always" | "OnFailure" | "Never";
  };
  /**
   * How many TaskRuns of a run may be under way at once, parts of mapped tasks included. Without it there is no such bound.
   */
  maxParallelTasks?: number;
  /**
   * The tasks, at most 10,000 with all parts of mapped ones. Each becomes a TaskRun. They run as dependsOn says, all others at once.
   *
   * @minItems 1
   * @maxItems 10000
   *
   * Items: One task.
   */
  tasks: {
    /**
     * The task's name, unique among tasks and finally, up to 63 characters. Its TaskRuns are called after it.
     */
    name: string;
    /**
     * The tasks this one waits for, by name. Without any it starts at once.
     *
     * @maxItems 10000
     *
     * Items: The name of a task of this workflow.
     */
    dependsOn?: string[];
    /**
     * What the tasks of dependsOn must have come to before this one runs, as in Airflow. AllSucceeded, the default. OneSucceeded and OneFailed do not wait for the others; Always waits for nothing. Where the rule does not hold the task is Skipped or UpstreamFailed.
     */
    triggerRule?:
      | "AllSucceeded"
      | "AllDone"
      | "AllFailed"
      | "OneSucceeded"
      | "OneFailed"
      | "NoneFailed"
      | "NoneFailedMinOneSuccess"
      | "NoneSkipped"
      | "Always";
    /**
     * A CEL expression, looked at once the task could start. false skips it. It may use params.NAME, tasks.NAME.status, tasks.NAME.results.RESULT and run.FIELD, all of them texts; tasks["my-task"] for names with a dash. It may only name tasks that this one depends on, directly or not.
     */
    when?: string;
    /**
     * Runs the task once for each element of a list, up to 10,000 tasks and parts in a run. Give exactly one of items, matrix, range and result. An empty list skips the task. $(item) and $(index) stand for the element and its position.
     */
    forEach?: {
      /**
       * The elements themselves, texts, numbers or objects; $(item.key) is a field of an object.
       *
       * @maxItems 10000
       *
       * Items: One element.
       */
      items?: unknown[];
      /**
       * Every combination of the values of these lists. $(item.key) is the value of one of them. Keys count in alphabetical order, the last one changes fastest.
       */
      matrix?: {
        /**
         * The values of one key.
         *
         * @maxItems 1000
         *
         * Items: A value.
         */
        [k: string]: string[];
      };
      /**
       * The whole numbers from start to before end.
       */
      range?: {
        /**
         * The first number, 0 unless given.
         */
        start?: number;
        /**
         * Where to stop; this number is not part of it, as in Python.
         */
        end: number;
        /**
         * The distance between two numbers, 1 unless given.
         */
        step?: number;
      };
      /**
       * A result of a task this one depends on, such as $(tasks.list.results.files), whose value is a JSON array. The results of a mapped task are one.
       */
      result?: string;
      /**
       * How many parts may be under way at once. Without it only maxParallelTasks bounds them.
       */
      maxParallel?: number;
    };
    /**
     * Another Workflow of this namespace to run as this task, in place of a template. It becomes a WorkflowRun of its own; at most 8 levels deep.
     */
    workflowRef?: {
      /**
       * The name of the Workflow.
       */
      name: string;
      /**
       * Values for its params. $(...) in them is replaced.
       */
      params?: {
        /**
         * The value of one param.
         */
        [k: string]: string;
      };
    };
    /**
     * The worker pod, a PodTemplateSpec as in a TaskRun: metadata (labels, annotations) and spec. $(...) in its texts is replaced. Merged over taskDefaults.template, as kubectl patch does it; what the API server refuses ends the task with reason InvalidTemplate.
     */
    template?: {
      [k: string]: unknown;
    };
    /**
     * A core/v1 PodTemplate of the same namespace as the base of the pod. template is merged over it by the API's strategic merge. Read when an attempt starts; while there is no such PodTemplate the TaskRun waits with reason TemplateNotFound.
     */
    podTemplateRef?: {
      /**
       * The name of the PodTemplate, up to 253 characters.
       */
      name: string;
    };
    /**
     * How often and how soon a failed attempt is followed by another one. Failures of the task itself and failures of the infrastructure are counted apart.
     */
    retry?: {
      /**
       * How many times the task is tried again after failures of its own (exit codes other than 0, out of memory, attemptDeadlineSeconds, missing results), 0 to 100; 0 unless the operator's configuration says otherwise. 2 means at most three such failures.
       */
      limit?: number;
      /**
       * How many times the task is tried again after failures that are not its own (evicted, preempted, node lost or shut down, pod deleted or never started), 0 to 100; 5 unless the operator's configuration says otherwise. Set it to 0 for a task that must not be started a second time.
       */
      infrastructureLimit?: number;
      /**
       * The pause before the next attempt, counted from the end of the last one. It starts at initialSeconds and is multiplied by factor after each further failure of the same class, up to maxSeconds; then it is shortened by up to a fifth, so that many tasks that failed together do not start together.
       */
      backoff?: {
        /**
         * Seconds before the second attempt, 0 to 86400, 10 unless the operator's configuration says otherwise. 0 means at once.
         */
        initialSeconds?: number;
        /**
         * What the pause is multiplied by after each further failure, 1 to 10; 2 unless the operator's configuration says otherwise. 1 keeps it the same.
         */
        factor?: number;
        /**
         * The longest pause in seconds, at least initialSeconds and at most 86400; 300 unless the operator's configuration says otherwise.
         */
        maxSeconds?: number;
      };
      /**
       * What to do after certain failures, at most 16 rules. The first that matches decides; where none does, the failure is tried again while its budget (limit or infrastructureLimit) lasts.
       *
       * @maxItems 16
       *
       * Items: One rule, for exit codes or for reasons.
       */
      rules?: {
        /**
         * Matches an attempt whose main container ended by itself with one of these exit codes (In), or with none of them (NotIn).
         */
        exitCodes?: {
          /**
           * In (one of the values) or NotIn (none of them). Exit code 0 is a success and never looked at.
           */
          operator: "In" | "NotIn";
          /**
           * Exit codes, 1 to 255, at most 32 of them.
           *
           * @minItems 1
           * @maxItems 32
           *
           * Items: An exit code.
           */
          values: number[];
        };
        /**
         * Matches an attempt that failed for one of these reasons, at most 16, as they stand in status.attempts.
         *
         * @minItems 1
         * @maxItems 16
         *
         * Items: A reason.
         */
        reasons?: (
          | "ExitCode"
          | "OOMKilled"
          | "Evicted"
          | "Preempted"
          | "NodeShutdown"
          | "NodeLost"
          | "NodeRefused"
          | "PodFailed"
          | "PodDeleted"
          | "UnknownFate"
          | "ContainerCreateFailed"
          | "StartDeadlineExceeded"
          | "AttemptDeadlineExceeded"
          | "MissingResult"
          | "InvalidResult"
        )[];
        /**
         * Fail ends the TaskRun with this failure, whatever is left of its budgets. Retry tries again while the budget of the failure's class lasts.
         */
        action: "Fail" | "Retry";
        /**
         * With reasons OOMKilled, the memory limit of the main container (and its request, in proportion) is multiplied for all later attempts.
         */
        memory?: {
          /**
           * What the limit is multiplied by, a decimal number in quotes above "1" and at most "10", with at most 3 decimals, such as "1.5".
           */
          factor: string;
          /**
           * The limit never grows beyond this amount, such as 16Gi, at least 1M; a limit that is greater from the start stays as it is. Without it only the nodes' size bounds it.
           */
          max?: string;
        };
      }[];
      /**
       * Whether a further attempt keeps away from the nodes where earlier ones failed. Prefer, if another node fits; Require, even if it must wait for one. Never by default. Counts the last 10 attempts.
       */
      avoidNode?: "Never" | "Prefer" | "Require";
    };
    /**
     * How long the whole TaskRun may take, in seconds from the creation of its first pod (1 to 31536000, a year), pauses between attempts included. Then the running pod is deleted gracefully, its log with it, and the TaskRun fails with reason DeadlineExceeded. An attempt that ended well before the deadline counts, whenever it is looked at. Begins anew after a suspension and when changed work runs again. Without it there is no deadline, unless the operator's configuration has one.
     */
    activeDeadlineSeconds?: number;
    /**
     * How long one attempt may take, in seconds from the creation of its pod (1 to 31536000). Then its pod is deleted gracefully and the attempt has failed with reason AttemptDeadlineExceeded, a failure of the task itself (retry.limit). At most activeDeadlineSeconds. Without it there is no such deadline, unless the operator's configuration has one.
     */
    attemptDeadlineSeconds?: number;
    /**
     * How long a pod may take to start its main container, in seconds from its creation (1 to 31536000): finding a node, pulling images, running init containers. Then it is deleted and the attempt has failed with reason StartDeadlineExceeded (retry.infrastructureLimit). At most the other two deadlines. Without it a pod that cannot start is waited for, unless the operator's configuration has one.
     */
    startDeadlineSeconds?: number;
    /**
     * What to do when a pod is gone and nobody can say whether its containers still run (force-deleted, or its node cannot be reached). Wait, the default, waits with reason UnknownFate until its node is gone or marked out-of-service, the TaskRun is cancelled, or this field is set to Retry. Retry starts the next attempt (retry.infrastructureLimit); the task may then run twice at once.
     */
    onUnknownFate?: "Wait" | "Retry";
    /**
     * Which pods stay after their attempt has ended, until the TaskRun itself goes. Always, the default unless the operator's configuration says otherwise; OnFailure, all but those of attempts that succeeded; Never. The others are deleted once their end stands in the status, and their logs with them.
     */
    podRetention?: "Always" | "OnFailure" | "Never";
    /**
     * What the task hands over, at most 32 values. The main container writes a JSON object with these keys to its termination message (/dev/termination-log unless terminationMessagePath says otherwise), at most 4096 bytes; they appear in status.results. A task that ends well without one of them has failed with reason MissingResult.
     *
     * @maxItems 32
     *
     * Items: One result.
     */
    results?: {
      /**
       * The key in the JSON object and in status.results, up to 63 letters, digits, - and _, beginning with a letter or _.
       */
      name: string;
    }[];
  }[];
  /**
   * Tasks that run at the end of every run, at most 100, whatever became of the others, also when it was cancelled. They may look at every task ($(tasks.NAME.status)) and at what all came to ($(run.status)). If one fails, the run fails.
   *
   * @maxItems 100
   *
   * Items: One task.
   */
  finally?: {
    /**
     * The task's name, unique among tasks and finally, up to 63 characters. Its TaskRuns are called after it.
     */
    name: string;
    /**
     * A CEL expression, looked at once the task could start. false skips it. It may use params.NAME, tasks.NAME.status, tasks.NAME.results.RESULT and run.FIELD, all of them texts; tasks["my-task"] for names with a dash. It may only name tasks that this one depends on, directly or not.
     */
    when?: string;
    /**
     * Runs the task once for each element of a list, up to 10,000 tasks and parts in a run. Give exactly one of items, matrix, range and result. An empty list skips the task. $(item) and $(index) stand for the element and its position.
     */
    forEach?: {
      /**
       * The elements themselves, texts, numbers or objects; $(item.key) is a field of an object.
       *
       * @maxItems 10000
       *
       * Items: One element.
       */
      items?: unknown[];
      /**
       * Every combination of the values of these lists. $(item.key) is the value of one of them. Keys count in alphabetical order, the last one changes fastest.
       */
      matrix?: {
        /**
         * The values of one key.
         *
         * @maxItems 1000
         *
         * Items: A value.
         */
        [k: string]: string[];
      };
      /**
       * The whole numbers from start to before end.
       */
      range?: {
        /**
         * The first number, 0 unless given.
         */
        start?: number;
        /**
         * Where to stop; this number is not part of it, as in Python.
         */
        end: number;
        /**
         * The distance between two numbers, 1 unless given.
         */
        step?: number;
      };
      /**
       * A result of a task this one depends on, such as $(tasks.list.results.files), whose value is a JSON array. The results of a mapped task are one.
       */
      result?: string;
      /**
       * How many parts may be under way at once. Without it only maxParallelTasks bounds them.
       */
      maxParallel?: number;
    };
    /**
     * Another Workflow of this namespace to run as this task, in place of a template. It becomes a WorkflowRun of its own; at most 8 levels deep.
     */
    workflowRef?: {
      /**
       * The name of the Workflow.
       */
      name: string;
      /**
       * Values for its params. $(...) in them is replaced.
       */
      params?: {
        /**
         * The value of one param.
         */
        [k: string]: string;
      };
    };
    /**
     * The worker pod, a PodTemplateSpec as in a TaskRun: metadata (labels, annotations) and spec. $(...) in its texts is replaced. Merged over taskDefaults.template, as kubectl patch does it; what the API server refuses ends the task with reason InvalidTemplate.
     */
    template?: {
      [k: string]: unknown;
    };
    /**
     * A core/v1 PodTemplate of the same namespace as the base of the pod. template is merged over it by the API's strategic merge. Read when an attempt starts; while there is no such PodTemplate the TaskRun waits with reason TemplateNotFound.
     */
    podTemplateRef?: {
      /**
       * The name of the PodTemplate, up to 253 characters.
       */
      name: string;
    };
    /**
     * How often and how soon a failed attempt is followed by another one. Failures of the task itself and failures of the infrastructure are counted apart.
     */
    retry?: {
      /**
       * How many times the task is tried again after failures of its own (exit codes other than 0, out of memory, attemptDeadlineSeconds, missing results), 0 to 100; 0 unless the operator's configuration says otherwise. 2 means at most three such failures.
       */
      limit?: number;
      /**
       * How many times the task is tried again after failures that are not its own (evicted, preempted, node lost or shut down, pod deleted or never started), 0 to 100; 5 unless the operator's configuration says otherwise. Set it to 0 for a task that must not be started a second time.
       */
      infrastructureLimit?: number;
      /**
       * The pause before the next attempt, counted from the end of the last one. It starts at initialSeconds and is multiplied by factor after each further failure of the same class, up to maxSeconds; then it is shortened by up to a fifth, so that many tasks that failed together do not start together.
       */
      backoff?: {
        /**
         * Seconds before the second attempt, 0 to 86400, 10 unless the operator's configuration says otherwise. 0 means at once.
         */
        initialSeconds?: number;
        /**
         * What the pause is multiplied by after each further failure, 1 to 10; 2 unless the operator's configuration says otherwise. 1 keeps it the same.
         */
        factor?: number;
        /**
         * The longest pause in seconds, at least initialSeconds and at most 86400; 300 unless the operator's configuration says otherwise.
         */
        maxSeconds?: number;
      };
      /**
       * What to do after certain failures, at most 16 rules. The first that matches decides; where none does, the failure is tried again while its budget (limit or infrastructureLimit) lasts.
       *
       * @maxItems 16
       *
       * Items: One rule, for exit codes or for reasons.
       */
      rules?: {
        /**
         * Matches an attempt whose main container ended by itself with one of these exit codes (In), or with none of them (NotIn).
         */
        exitCodes?: {
          /**
           * In (one of the values) or NotIn (none of them). Exit code 0 is a success and never looked at.
           */
          operator: "In" | "NotIn";
          /**
           * Exit codes, 1 to 255, at most 32 of them.
           *
           * @minItems 1
           * @maxItems 32
           *
           * Items: An exit code.
           */
          values: number[];
        };
        /**
         * Matches an attempt that failed for one of these reasons, at most 16, as they stand in status.attempts.
         *
         * @minItems 1
         * @maxItems 16
         *
         * Items: A reason.
         */
        reasons?: (
          | "ExitCode"
          | "OOMKilled"
          | "Evicted"
          | "Preempted"
          | "NodeShutdown"
          | "NodeLost"
          | "NodeRefused"
          | "PodFailed"
          | "PodDeleted"
          | "UnknownFate"
          | "ContainerCreateFailed"
          | "StartDeadlineExceeded"
          | "AttemptDeadlineExceeded"
          | "MissingResult"
          | "InvalidResult"
        )[];
        /**
         * Fail ends the TaskRun with this failure, whatever is left of its budgets. Retry tries again while the budget of the failure's class lasts.
         */
        action: "Fail" | "Retry";
        /**
         * With reasons OOMKilled, the memory limit of the main container (and its request, in proportion) is multiplied for all later attempts.
         */
        memory?: {
          /**
           * What the limit is multiplied by, a decimal number in quotes above "1" and at most "10", with at most 3 decimals, such as "1.5".
           */
          factor: string;
          /**
           * The limit never grows beyond this amount, such as 16Gi, at least 1M; a limit that is greater from the start stays as it is. Without it only the nodes' size bounds it.
           */
          max?: string;
        };
      }[];
      /**
       * Whether a further attempt keeps away from the nodes where earlier ones failed. Prefer, if another node fits; Require, even if it must wait for one. Never by default. Counts the last 10 attempts.
       */
      avoidNode?: "Never" | "Prefer" | "Require";
    };
    /**
     * How long the whole TaskRun may take, in seconds from the creation of its first pod (1 to 31536000, a year), pauses between attempts included. Then the running pod is deleted gracefully, its log with it, and the TaskRun fails with reason DeadlineExceeded. An attempt that ended well before the deadline counts, whenever it is looked at. Begins anew after a suspension and when changed work runs again. Without it there is no deadline, unless the operator's configuration has one.
     */
    activeDeadlineSeconds?: number;
    /**
     * How long one attempt may take, in seconds from the creation of its pod (1 to 31536000). Then its pod is deleted gracefully and the attempt has failed with reason AttemptDeadlineExceeded, a failure of the task itself (retry.limit). At most activeDeadlineSeconds. Without it there is no such deadline, unless the operator's configuration has one.
     */
    attemptDeadlineSeconds?: number;
    /**
     * How long a pod may take to start its main container, in seconds from its creation (1 to 31536000): finding a node, pulling images, running init containers. Then it is deleted and the attempt has failed with reason StartDeadlineExceeded (retry.infrastructureLimit). At most the other two deadlines. Without it a pod that cannot start is waited for, unless the operator's configuration has one.
     */
    startDeadlineSeconds?: number;
    /**
     * What to do when a pod is gone and nobody can say whether its containers still run (force-deleted, or its node cannot be reached). Wait, the default, waits with reason UnknownFate until its node is gone or marked out-of-service, the TaskRun is cancelled, or this field is set to Retry. Retry starts the next attempt (retry.infrastructureLimit); the task may then run twice at once.
     */
    onUnknownFate?: "Wait" | "Retry";
    /**
     * Which pods stay after their attempt has ended, until the TaskRun itself goes. Always, the default unless the operator's configuration says otherwise; OnFailure, all but those of attempts that succeeded; Never. The others are deleted once their end stands in the status, and their logs with them.
     */
    podRetention?: "Always" | "OnFailure" | "Never";
    /**
     * What the task hands over, at most 32 values. The main container writes a JSON object with these keys to its termination message (/dev/termination-log unless terminationMessagePath says otherwise), at most 4096 bytes; they appear in status.results. A task that ends well without one of them has failed with reason MissingResult.
     *
     * @maxItems 32
     *
     * Items: One result.
     */
    results?: {
      /**
       * The key in the JSON object and in status.results, up to 63 letters, digits, - and _, beginning with a letter or _.
       */
      name: string;
    }[];
  }[];
  /**
   * What a failed task means for the others. Continue, the default; branches that do not depend on it go on. FailFast stops the run; tasks under way are stopped, no other starts, finally runs.
   */
  onFailure?: "Continue" | "FailFast";
  /**
   * How long the tasks of a run may take in all, in seconds from its start (1 to 31536000, a year). Then tasks under way are stopped, finally runs, and the run has failed with reason DeadlineExceeded. Begins anew with a retry.
   */
  activeDeadlineSeconds?: number;
  /**
   * OnApply, the default, starts a run when the Workflow is created and whenever its spec changes. Manual starts none; create a WorkflowRun.
   */
  run?: "OnApply" | "Manual";
  /**
   * true keeps OnApply from starting runs; once it is false again the newest spec runs, once. It does so also if it had run before it was suspended: suspend is part of the spec, and every change of the spec is run. Runs under way go on. False by default.
   */
  suspend?: boolean;
  /**
   * How many ended runs stay, with their TaskRuns and pods. Older ones are deleted, but not those that Argo CD, Flux or Helm tracks.
   */
  history?: {
    /**
     * How many of those that succeeded, 10 unless given.
     */
    succeeded?: number;
    /**
     * How many of those that failed or were cancelled, 10 unless given.
     */
    failed?: number;
  };
}

/**
 * What the operator observed. Written by the operator only.
 */
export interface WorkflowStatus {
  /**
   * The metadata.generation this status was made from. Smaller than metadata.generation means the status is about to change.
   */
  observedGeneration?: number;
  /**
   * The newest generation that OnApply has started a run for.
   */
  startedGeneration?: number;
  /**
   * How many of its runs have not ended.
   */
  activeRuns?: number;
  /**
   * The newest run.
   */
  lastRun?: {
    /**
     * Its name.
     */
    name?: string;
    /**
     * Where it stands.
     */
    phase?: string;
    /**
     * When it was created.
     */
    startTime?: string;
  };
  /**
   * Of the runs that have ended, the one of the newest generation; of those of one generation, the one that ended last. So an older run that takes longer does not hide what the newest definition came to. Runs that never began count only while there is no other.
   */
  lastCompletedRun?: {
    /**
     * Its name.
     */
    name?: string;
    /**
     * What it came to, Succeeded, Failed or Cancelled.
     */
    phase?: string;
    /**
     * Why, in one word.
     */
    reason?: string;
    /**
     * Why, in a sentence.
     */
    message?: string;
    /**
     * The generation of this Workflow that it executed, or that OnApply started it for. Absent of another that never began.
     */
    workflowGeneration?: number;
    /**
     * When it ended.
     */
    completionTime?: string;
  };
  /**
   * The condition Valid is False while the definition cannot be run; its message says what is wrong and where. Beside it, for tools such as Flux, there is then Stalled.
   *
   * @maxItems 8
   *
   * Items: One condition, in the usual form of the Kubernetes API.
   */
  conditions?: {
    /**
     * The condition's name, Valid or Stalled.
     */
    type: string;
    /**
     * True, False or Unknown.
     */
    status: "True" | "False" | "Unknown";
    /**
     * Why, in one CamelCase word of a fixed list.
     */
    reason: string;
    /**
     * Why, in a sentence that says what to do if something is wrong.
     */
    message: string;
    /**
     * The metadata.generation the condition was made from.
     */
    observedGeneration?: number;
    /**
     * When status last changed.
     */
    lastTransitionTime: string;
  }[];
}
