/** Random sequences. The same seed gives the same sequence; nothing in it depends on the answers. */
import type { Random } from "../../operator/testing/sim/random.ts";
import type { Kind, Labels, Operation, Propagation, Uid, Version } from "./operations.ts";
import { METADATA_CHANGES, POD_PHASES, POD_SPECS, SPEC_CHANGES, TASKRUN_SPECS, TASKRUN_STATUSES } from "./shapes.ts";

/** Few names, so that requests meet each other. */
const NAMES: Readonly<Record<Kind, readonly [string, ...string[]]>> = { pods: ["p", "q"], taskruns: ["t", "u"] };
const SELECTORS = ["app", "app=x", "app!=y", "stint.dev/taskrun"] as const;
const LABELS: readonly [Labels, ...Labels[]] = [
  { app: "x" },
  { app: "y" },
  { "stint.dev/taskrun": "t", "stint.dev/attempt": "1" },
];
const GRACES = [-1, 0, 1, 10, 45, 90] as const;
const PROPAGATIONS: readonly [Propagation, ...Propagation[]] = ["Background", "Foreground", "Orphan"];
/** Long enough that the clock shows another second. */
const PAUSE_MS = 1100;

/** How often each operation comes, in parts of their sum. */
const WEIGHTS: readonly (readonly [number, (random: Random) => Operation])[] = [
  [14, aCreatedTaskRun],
  [16, aCreatedPod],
  [5, (random) => ({ do: "get", ...target(random) })],
  [7, aList],
  [14, anUpdate],
  [12, aStatus],
  [4, aPodStatus],
  [7, (random) => ({ do: "bind", kind: "pods", name: random.pick(NAMES.pods) })],
  [16, aDeletion],
  [4, aWatch],
  [0.3, () => ({ do: "pause", ms: PAUSE_MS })],
];

export function generate(random: Random, length: number): readonly Operation[] {
  return Array.from({ length }, () => anOperation(random));
}

function anOperation(random: Random): Operation {
  let left = random.next() * WEIGHTS.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, make] of WEIGHTS) {
    left -= weight;
    if (left < 0) return make(random);
  }
  return aList(random);
}

function target(random: Random, kind: Kind = aKind(random)): { readonly kind: Kind; readonly name: string } {
  return { kind, name: random.pick(NAMES[kind]) };
}

function aKind(random: Random): Kind {
  return random.chance(0.5) ? "pods" : "taskruns";
}

function keyOf(random: Random, table: Readonly<Record<string, unknown>>): string {
  const [first = "", ...rest] = Object.keys(table);
  return random.pick([first, ...rest]);
}

function aCreatedTaskRun(random: Random): Operation {
  const shape = random.chance(0.7) ? "plain" : keyOf(random, TASKRUN_SPECS);
  return { do: "create", ...target(random, "taskruns"), shape, ...dress(random) };
}

function aCreatedPod(random: Random): Operation {
  const shape = random.chance(0.5) ? "plain" : keyOf(random, POD_SPECS);
  const dressed = dress(random);
  return {
    do: "create",
    ...target(random, "pods"),
    ...dressed,
    // A pod that is being deleted and has no node is not left alone: a controller comes by three times a minute.
    shape: dressed.finalizer === true ? "placed" : shape,
    ...(random.chance(0.4) && { owner: random.pick(NAMES.taskruns) }),
    ...(random.chance(0.6) && { strict: true }),
  };
}

function dress(random: Random): { readonly labels?: Labels; readonly finalizer?: boolean } {
  return {
    ...(random.chance(0.6) && { labels: random.pick(LABELS) }),
    ...(random.chance(0.1) && { finalizer: true }),
  };
}

function aList(random: Random): Operation {
  return {
    do: "list",
    kind: aKind(random),
    ...(random.chance(0.4) && { selector: random.pick(SELECTORS) }),
    ...(random.chance(0.5) && { limit: 1 }),
    ...(random.chance(0.4) && { next: true }),
    ...(random.chance(0.15) && { from: "newest" as const }),
  };
}

function anUpdate(random: Random): Operation {
  const kind = random.chance(0.6) ? "taskruns" : "pods";
  const changes = kind === "taskruns" && random.chance(0.6) ? SPEC_CHANGES : METADATA_CHANGES;
  return { do: "update", ...target(random, kind), change: keyOf(random, changes), ...identity(random) };
}

function aStatus(random: Random): Operation {
  const shapes = { same: 0, absent: 0, running: 0, failed: 0 };
  const shape = keyOf(random, random.chance(0.6) ? shapes : TASKRUN_STATUSES);
  return { do: "putStatus", ...target(random, "taskruns"), shape, ...identity(random) };
}

function aPodStatus(random: Random): Operation {
  return {
    do: "putStatus",
    ...target(random, "pods"),
    shape: random.pick(POD_PHASES),
    version: "current",
    uid: "current",
  };
}

function identity(random: Random): { readonly version: Version; readonly uid: Uid } {
  return {
    version: random.chance(0.75) ? "current" : random.pick(["stale", "none"]),
    uid: random.chance(0.75) ? "current" : random.pick(["former", "none"]),
  };
}

function aDeletion(random: Random): Operation {
  return {
    do: "delete",
    ...target(random),
    ...(random.chance(0.5) && { uid: random.chance(0.7) ? ("current" as const) : ("former" as const) }),
    ...(random.chance(0.4) && { version: random.chance(0.7) ? ("current" as const) : ("stale" as const) }),
    ...(random.chance(0.5) && { graceSeconds: random.pick(GRACES) }),
    ...(random.chance(0.3) && { propagation: random.pick(PROPAGATIONS) }),
  };
}

function aWatch(random: Random): Operation {
  return {
    do: "watch",
    kind: aKind(random),
    from: random.pick(["listed", "listed", "start", "start", "none", "ancient"]),
    ...(random.chance(0.5) && { selector: random.pick(SELECTORS) }),
    ...(random.chance(0.4) && { initial: random.chance(0.8) ? ("asked" as const) : ("unmatched" as const) }),
  };
}
