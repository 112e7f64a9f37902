/** Sequences in which the two servers once differed, or in which the operator trusts them most: one sentence each. */
import type { Operation } from "./operations.ts";

const CURRENT = { version: "current", uid: "current" } as const;
const T = { kind: "taskruns", name: "t" } as const;
const P = { kind: "pods", name: "p" } as const;
const CREATE_T = { do: "create", ...T, shape: "plain" } as const;
const CREATE_P = { do: "create", ...P, shape: "plain", strict: true } as const;
const BIND_P = { do: "bind", ...P } as const;
const GET_P = { do: "get", ...P } as const;

export const CASES: readonly (readonly [string, readonly Operation[]])[] = [
  // Writes
  ["a new TaskRun shows all its defaults", [CREATE_T, { do: "get", ...T }]],
  [
    "the first status write stores the default status, and only the second one without a change is none",
    [CREATE_T, status("same"), status("same"), status("running"), status("running")],
  ],
  [
    "a spec counts as changed only if it is stored differently: not by order, unknown fields or defaults left out",
    [
      CREATE_T,
      update("nothing"),
      update("sameTemplateOtherOrder"),
      update("unknownField"),
      update("defaultRetries"),
      update("moreRetries"),
    ],
  ],
  [
    "a status write needs the newest version and the right uid, and the uid is looked at first",
    [
      CREATE_T,
      status("running"),
      { do: "putStatus", ...T, shape: "failed", version: "stale", uid: "current" },
      { do: "putStatus", ...T, shape: "failed", version: "none", uid: "current" },
      { do: "putStatus", ...T, shape: "failed", version: "none", uid: "former" },
      { do: "putStatus", ...T, shape: "failed", version: "current", uid: "former" },
      status("failed"),
    ],
  ],
  [
    "a status write meant for a TaskRun deleted and made anew is a conflict",
    [
      CREATE_T,
      { do: "delete", ...T },
      status("running"),
      CREATE_T,
      { do: "putStatus", ...T, shape: "running", version: "current", uid: "former" },
    ],
  ],
  [
    "an invalid status is refused whole",
    [
      CREATE_T,
      ...["unknownPhase", "oddTime", "twiceTheSameAttempt", "tooManyAttempts", "longMessage"].map(status),
      { do: "get", ...T },
    ],
  ],
  [
    "a PUT replaces labels and finalizers whole, and empty ones are no change",
    [CREATE_P, update("labelX", P), update("noLabels", P), update("dropFinalizers", P), update("addFinalizer", P)],
  ],
  [
    "an unconditional PUT of a pod may not undo its binding",
    [CREATE_P, { do: "list", kind: "pods", limit: 1 }, update("annotate", P)],
  ],
  // Pods
  ["a pod may name its scheduler under strict field validation", [CREATE_P, GET_P]],
  ["a missing list of containers is invalid, not unreadable", [{ ...CREATE_P, shape: "missingContainers" }]],
  [
    "a name is taken until the pod is gone, also while it is being deleted",
    [CREATE_P, CREATE_P, BIND_P, { do: "delete", ...P }, CREATE_P, { do: "delete", ...P, graceSeconds: 0 }, CREATE_P],
  ],
  [
    "a pod without a node goes at once, and one on a node after its grace",
    [
      CREATE_P,
      { do: "watch", kind: "pods", from: "start" },
      { do: "delete", ...P },
      GET_P,
      CREATE_P,
      BIND_P,
      { do: "delete", ...P },
      GET_P,
    ],
  ],
  [
    "a pod that has ended goes at once, wherever it is",
    [CREATE_P, BIND_P, { do: "putStatus", ...P, shape: "Failed", ...CURRENT }, { do: "delete", ...P }, GET_P],
  ],
  [
    "a second deletion may shorten the grace, counted from the first, and never lengthen it",
    [
      CREATE_P,
      BIND_P,
      { do: "delete", ...P, graceSeconds: 45 },
      { do: "pause", ms: 1100 },
      { do: "delete", ...P, graceSeconds: 90 },
      { do: "delete", ...P },
      { do: "delete", ...P, graceSeconds: 10 },
      { do: "delete", ...P, graceSeconds: -1 },
      { do: "delete", ...P, graceSeconds: 0 },
    ],
  ],
  [
    "a deletion holds its preconditions against uid and version",
    [
      CREATE_P,
      BIND_P,
      { do: "delete", ...P, uid: "former" },
      { do: "delete", ...P, uid: "current", version: "stale" },
      { do: "delete", ...P, uid: "current", version: "current" },
      { do: "delete", ...P, uid: "current", version: "current" },
    ],
  ],
  // Finalizers and the garbage collector
  [
    "what is being deleted gets no new finalizers and goes with its last one",
    [
      { do: "watch", kind: "taskruns", from: "start" },
      { ...CREATE_T, finalizer: true },
      { do: "delete", ...T },
      { do: "delete", ...T },
      update("addOtherFinalizer"),
      update("dropFinalizers"),
    ],
  ],
  [
    "a later deletion may replace the policy of an earlier one",
    [
      { ...CREATE_P, shape: "placed", finalizer: true },
      { do: "delete", ...P, propagation: "Orphan", graceSeconds: 10 },
      { do: "delete", ...P, propagation: "Background", graceSeconds: 0 },
    ],
  ],
  [
    "a foreground deletion of a TaskRun waits for its pod",
    [
      CREATE_T,
      { ...CREATE_P, shape: "placed", owner: "t" },
      { do: "pause", ms: 500 },
      { do: "delete", ...T, propagation: "Foreground" },
      { do: "delete", ...P, graceSeconds: 0 },
    ],
  ],
  [
    "an orphaning deletion of a TaskRun leaves its pod without owner",
    [CREATE_T, { ...CREATE_P, owner: "t" }, { do: "pause", ms: 500 }, { do: "delete", ...T, propagation: "Orphan" }],
  ],
  ["a pod of a TaskRun that is not there is collected", [{ ...CREATE_P, owner: "t" }]],
  [
    "a pod deleted in the foreground has nothing to wait for",
    [CREATE_P, { do: "delete", ...P, propagation: "Foreground" }],
  ],
  // Lists and watches
  [
    "pages show one state, and a selection may end in an empty page",
    [
      { ...CREATE_P, labels: { app: "x" } },
      { ...CREATE_P, name: "q", labels: { app: "y" } },
      { do: "list", kind: "pods", selector: "app=x", limit: 1 },
      { do: "delete", kind: "pods", name: "q" },
      { do: "list", kind: "pods", selector: "app=x", limit: 1, next: true },
      { do: "list", kind: "pods", limit: 1, from: "newest" },
    ],
  ],
  ["a version from the future makes a list wait and fail", [{ do: "list", kind: "taskruns", from: "future" }]],
  [
    "a watch of a selection sees what enters it added, and what leaves it deleted",
    [
      { do: "watch", kind: "pods", from: "start", selector: "app=x" },
      CREATE_P,
      update("labelX", P),
      update("annotate", P),
      update("labelY", P),
      update("labelX", P),
      { do: "delete", ...P },
    ],
  ],
  [
    "a watch with initial events sends the present, marks its end, and goes on",
    [
      CREATE_T,
      { do: "watch", kind: "taskruns", from: "none", initial: "asked" },
      status("running"),
      { do: "delete", ...T },
    ],
  ],
  [
    "a watch without a version begins with the present state",
    [CREATE_T, { do: "watch", kind: "taskruns", from: "none" }, status("running")],
  ],
  [
    "a watch from before the server's window is answered 410 in the stream",
    [{ do: "watch", kind: "taskruns", from: "ancient" }],
  ],
  [
    "initial events are refused without the match they need",
    [{ do: "watch", kind: "pods", from: "none", initial: "unmatched" }],
  ],
];

/** Not beside others: what a server forgets it forgets for all, and the real one is started anew for it. */
export const FORGOTTEN: readonly Operation[] = [
  CREATE_T,
  { ...CREATE_T, name: "u" },
  { do: "list", kind: "taskruns", limit: 1 },
  { do: "delete", ...T },
  { do: "compact" },
  { do: "list", kind: "taskruns", limit: 1, next: true },
  { do: "watch", kind: "taskruns", from: "start" },
];

function update(change: string, target: typeof T | typeof P = T): Operation {
  return { do: "update", ...target, change, ...CURRENT };
}

function status(shape: string): Operation {
  return { do: "putStatus", ...T, shape, ...CURRENT };
}
