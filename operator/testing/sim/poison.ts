/** TaskRuns nobody should write, and the ends that are right for them. Each must leave all others alone. */
import type { TaskRunPlan } from "./plan.ts";

type Poison = Omit<TaskRunPlan, "name">;

const REFUSED = [{ phase: "Failed", reason: "InvalidTemplate" }] as const;
const RUNS = [{ phase: "Succeeded" }] as const;
/** Stripping a hostile key and refusing it are both fine. */
const EITHER = [...RUNS, ...REFUSED] as const;

const MAIN = { name: "main", image: "registry.example/task:1" };
/** Deep enough to break a careless recursion in a validator, shallow enough for JSON. */
const DEPTH = 500;
const HUGE_CHARACTERS = 300_000;

function template(value: unknown): Poison {
  return { spec: { template: value }, wants: REFUSED };
}

function nested(depth: number): unknown {
  let value: unknown = "bottom";
  for (let i = 0; i < depth; i++) value = { level: value };
  return value;
}

/** Parsed, not written: in a literal `__proto__` would set the prototype. */
function parsed(text: string): unknown {
  return JSON.parse(text) as unknown;
}

export const POISONS: readonly [Poison, ...Poison[]] = [
  template({}),
  template({ spec: {} }),
  template({ spec: { containers: [] } }),
  template({ spec: null }),
  template({ spec: "text" }),
  template({ spec: { containers: "text" } }),
  template({ spec: { containers: { main: MAIN } } }),
  template({ spec: { containers: [7, null] } }),
  template({ spec: { containers: [{ ...MAIN, name: 7 }] } }),
  template({ spec: { containers: [{ ...MAIN, name: "Not A Name" }] } }),
  template({ spec: { containers: [MAIN, MAIN] } }),
  template({ spec: { containers: [{ name: "main" }] } }),
  template({ spec: { containers: [MAIN], restartPolicy: "Always" } }),
  template({ spec: { containers: [MAIN], restartPolicy: { never: true } } }),
  { spec: { template: { metadata: "text", spec: { containers: [MAIN] } } }, wants: EITHER },
  { spec: { template: { metadata: { labels: ["a"] }, spec: { containers: [MAIN] } } }, wants: EITHER },
  template({ metadata: { labels: { "bad key!": "x" } }, spec: { containers: [MAIN] } }),
  template({ metadata: { labels: { key: 7 } }, spec: { containers: [MAIN] } }),
  template({ metadata: { annotations: { big: "x".repeat(HUGE_CHARACTERS) } }, spec: { containers: [MAIN] } }),
  { spec: { template: { spec: { containers: [MAIN], unknown: nested(DEPTH) } } }, wants: EITHER },
  {
    spec: { template: { spec: { containers: [{ ...MAIN, args: ["\u{1f600}\u2028\u0000\ud800 end"] }] } } },
    wants: EITHER,
  },
  {
    spec: {
      template: parsed('{"metadata":{"labels":{"__proto__":"x"}},"spec":{"containers":[{"name":"main","image":"i"}]}}'),
    },
    wants: EITHER,
  },
  {
    spec: {
      template: parsed(
        '{"__proto__":{"spec":1},"spec":{"containers":[{"name":"main","image":"i","__proto__":{"a":1}}],"constructor":{}}}',
      ),
    },
    wants: EITHER,
  },
  template({ spec: { containers: [MAIN], nodeName: 5 } }),
  { metadata: { labels: { app: "x" }, annotations: { "example.com/note": "\u202etxt" } }, wants: RUNS },
];
