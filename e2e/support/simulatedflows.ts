/** Workflows on simulated nodes: many tasks in little time. */
import type { TestContext } from "vitest";
import { Flows, type TaskSpec, type WorkflowRun } from "./flows.ts";
import { simulated, type Simulation } from "./objects.ts";
import { needs, Room } from "./room.ts";

export const SHORT: Simulation = { "run-for": "10ms" };
export const BAD: Simulation = { ...SHORT, "exit-code": "1" };
export const FOREVER: Simulation = { "run-for": "forever" };

export interface FlowRoom {
  readonly flows: Flows;
  readonly room: Room;
}

/** A fresh namespace; its tasks run on simulated nodes. */
export async function flowRoom(test: TestContext): Promise<FlowRoom> {
  needs(test, "simulated nodes");
  const room = await Room.open(test);
  return { flows: new Flows(room), room };
}

/** A task of a Workflow; a short one that ends well, unless said otherwise. */
export function sim(name: string, plays: Simulation = SHORT, more: Partial<TaskSpec> = {}): TaskSpec {
  return { name, template: simulated(plays), ...more };
}

export async function seeStates(flows: Flows, { metadata }: WorkflowRun, wanted: string): Promise<WorkflowRun> {
  return await flows.see(metadata.name, ({ status }) => status.states === wanted, { what: `states ${wanted}` });
}
