/** Generated from crds/*.yaml by `make generate`; do not edit. */
/**
 * What is to be run, how often it may be tried, and for how long.
 */
export interface TaskRunSpec {
  /**
   * The worker pod, as in a Job: spec (a PodSpec) and metadata, of which labels and annotations are used. The main container is the one named "main", else the first; the task ends when it ends. restartPolicy may be left out or Never. The pod gets no service account token unless automountServiceAccountToken is true. The labels stint.dev/taskrun, stint.dev/attempt and app.kubernetes.io/managed-by are set by Stint. The API server checks the pod when it is created; what it refuses ends the TaskRun with reason InvalidTemplate and the server's words. A change applies from the next attempt on.
   */
  template: {
    [k: string]: unknown;
  };
  /**
   * How often and how soon a failed attempt is followed by another one. Every failed attempt counts, whether the task failed or its pod was evicted, preempted or deleted.
   */
  retry?: {
    /**
     * How many times a failed task is tried again, 0 (the default) to 100. 0 means one attempt only; 2 means at most three attempts. Not tried again are ends with reason UnknownFate, DeadlineExceeded, InvalidTemplate, PodNameTaken, and a pod that Pod Security forbids.
     */
    limit?: number;
    /**
     * The pause before the next attempt, counted from the end of the last one. It starts at initialSeconds and is multiplied by factor after each failure, up to maxSeconds.
     */
    backoff?: {
      /**
       * Seconds before the second attempt, 0 to 86400, by default 10. 0 means at once.
       */
      initialSeconds?: number;
      /**
       * What the pause is multiplied by after each further failure, 1 to 10, by default 2. 1 keeps it the same.
       */
      factor?: number;
      /**
       * The longest pause in seconds, at least initialSeconds and at most 86400, by default 300.
       */
      maxSeconds?: number;
    };
  };
  /**
   * How long the whole TaskRun may take, in seconds from the creation of its first pod (1 to 31536000, a year), pauses between attempts included. Then the running pod is deleted gracefully, its log with it, and the TaskRun fails with reason DeadlineExceeded. An attempt that ended well before the deadline counts, whenever it is looked at. Without it there is no deadline, and a pod that cannot start is waited for.
   */
  activeDeadlineSeconds?: number;
  /**
   * true ends the TaskRun: a running pod is deleted gracefully, its log with it, then the phase is Cancelled. Final. A task that had already succeeded stays Succeeded. False by default.
   */
  cancel?: boolean;
}

/**
 * What the operator observed. Written by the operator only.
 */
export interface TaskRunStatus {
  /**
   * Pending (no main container runs yet, or a pause before the next attempt), Running, and the three ends Succeeded, Failed and Cancelled. Says the same as the condition Succeeded; usable as a field selector (status.phase=Failed).
   */
  phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Cancelled";
  /**
   * The metadata.generation this status was made from. Smaller than metadata.generation means the status is about to change.
   */
  observedGeneration?: number;
  /**
   * The current or last attempt, counted from 1.
   */
  attempt?: number;
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
   * When the first attempt's pod was created.
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
  }[];
  /**
   * The condition Succeeded is Unknown until the end, then True (Succeeded) or False (Failed, Cancelled). kubectl wait --for=condition=Succeeded waits for a success; --for=jsonpath={.status.completionTime} waits for any end.
   *
   * @maxItems 8
   *
   * Items: One condition, in the usual form of the Kubernetes API.
   */
  conditions?: {
    /**
     * The condition's name, Succeeded.
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
