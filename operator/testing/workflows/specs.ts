/** Builders of definitions: each gives a valid one, the caller says what differs. */
import type { WorkflowSpec } from "../../api/types.ts";
import type { FinallySpec, TaskSpec } from "../../decide/workflow/model.ts";

export const TEMPLATE = { spec: { containers: [{ name: "main", image: "busybox" }] } } as const;

export function aTask(name: string, wish: Omit<Partial<TaskSpec>, "name"> = {}): TaskSpec {
  return { name, ...(wish.workflowRef === undefined ? { template: TEMPLATE } : {}), ...wish };
}

export function aFinallyTask(name: string, wish: Omit<Partial<FinallySpec>, "name"> = {}): FinallySpec {
  return { name, ...(wish.workflowRef === undefined ? { template: TEMPLATE } : {}), ...wish };
}

/** Tasks as "name" or "name: upstream upstream", in order. */
export function tasksOf(...lines: readonly string[]): TaskSpec[] {
  return lines.map((line) => {
    const [name = "", upstream = ""] = line.split(":");
    const dependsOn = upstream.split(" ").filter((word) => word !== "");
    return aTask(name, dependsOn.length === 0 ? {} : { dependsOn });
  });
}

export function aSpec(tasks: readonly TaskSpec[], wish: Omit<Partial<WorkflowSpec>, "tasks"> = {}): WorkflowSpec {
  return { tasks: [...tasks], ...wish };
}

/** So many tasks, each after the one before it. */
export function chainOf(length: number): WorkflowSpec {
  return aSpec(
    Array.from({ length }, (_, index) => aTask(`t${index}`, index === 0 ? {} : { dependsOn: [`t${index - 1}`] })),
  );
}

/** One task, so many after it, and one after all of those. */
export function diamondOf(width: number): WorkflowSpec {
  const middle = Array.from({ length: width }, (_, index) => aTask(`m${index}`, { dependsOn: ["first"] }));
  return aSpec([aTask("first"), ...middle, aTask("last", { dependsOn: middle.map(({ name }) => name) })]);
}

/** So many tasks that depend on nothing. */
export function wideOf(width: number): WorkflowSpec {
  return aSpec(Array.from({ length: width }, (_, index) => aTask(`t${index}`)));
}

/** Layers of so many tasks, each of which depends on the whole layer before it. */
export function layersOf(size: number, width: number): WorkflowSpec {
  return aSpec(
    Array.from({ length: size }, (_, index) => {
      const layer = Math.floor(index / width);
      const before = Array.from({ length: layer === 0 ? 0 : width }, (__, place) => `t${(layer - 1) * width + place}`);
      return aTask(`t${index}`, before.length === 0 ? {} : { dependsOn: before });
    }),
  );
}
