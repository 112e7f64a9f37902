/** The workflows that are measured: a shape and a number of tasks -> the spec of a Workflow, and the same graph for the bare loader. */
import type { WorkflowSpec } from "../operator/api/types.ts";
import { simulated } from "../e2e/support/objects.ts";

/**
 * wide: one mapped task of so many parts. tasks: so many tasks that wait for nothing. chain: one after the other. diamonds: fan out
 * and join, again and again, as often as each is wide. random: each task waits for up to three of those shortly before it.
 */
export const SHAPES = ["wide", "tasks", "chain", "diamonds", "random"] as const;
export type Shape = (typeof SHAPES)[number];

export interface Case {
  readonly shape: Shape;
  /** Tasks and parts. */
  readonly size: number;
  /** Decides the edges of a random graph. */
  readonly seed: number;
}

export interface Node {
  readonly name: string;
  readonly dependsOn: readonly string[];
}

/** The most that one run may have. */
export const SIZE_MAX = 10_000;
/** The one task of shape wide. */
const MAPPED = "part";
const RANDOM_UPSTREAM_MAX = 3;
/** A task waits for some of this part of all tasks, those right before it: some forty layers, whatever the size. */
const RANDOM_REACH = 1 / 20;
const RANDOM_REACH_MIN = 10;

/** As in messages and tables. */
export function titleOf({ shape, size, seed }: Case): string {
  return `${shape} ${size.toLocaleString("en")}${shape === "random" ? ` (seed ${seed})` : ""}`;
}

/** Reads `wide:1000`. Diamonds get the largest size below that makes whole ones. */
export function parseCase(text: string, seed: number): Case {
  const [shape, digits = "", ...more] = text.split(":");
  const known = SHAPES.find((one) => one === shape);
  const size = Number(digits);
  if (known === undefined || more.length > 0 || !/^[1-9]\d*$/.test(digits) || size > SIZE_MAX) {
    throw new Error(`"${text}" is no case; write SHAPE:SIZE, ${SHAPES.join(", ")}, and 1 to ${SIZE_MAX}: wide:1000`);
  }
  return { shape: known, size: known === "diamonds" ? wholeDiamonds(size) : size, seed };
}

/** All nodes, those that others depend on first. */
export function nodesOf({ shape, size, seed }: Case): readonly Node[] {
  switch (shape) {
    case "wide":
      return numbered(size, (index) => ({ name: `${MAPPED}-${index}`, dependsOn: [] }));
    case "tasks":
      return numbered(size, (index) => ({ name: taskName(index), dependsOn: [] }));
    case "chain":
      return numbered(size, (index) => ({
        name: taskName(index),
        dependsOn: index === 0 ? [] : [taskName(index - 1)],
      }));
    case "diamonds":
      return diamonds(sideOf(size));
    case "random":
      return randomNodes(size, seed);
    default:
      return shape satisfies never;
  }
}

/** Every pod ends as soon as it has started. The run is started by a WorkflowRun. */
export function workflowSpecOf(which: Case): WorkflowSpec {
  const rest = { run: "Manual", taskDefaults: { template: simulated({ "run-for": "0s" }) } } as const;
  if (which.shape === "wide") return { ...rest, tasks: [{ name: MAPPED, forEach: { range: { end: which.size } } }] };
  const tasks = nodesOf(which).map(({ name, dependsOn }) => ({
    name,
    ...(dependsOn.length > 0 && { dependsOn: [...dependsOn] }),
  }));
  return { ...rest, tasks };
}

/** k diamonds of k tasks, each with one task that joins them. */
function diamonds(side: number): readonly Node[] {
  return numbered(side, (layer) => {
    const before = layer === 0 ? [] : [`join-${layer - 1}`];
    const wide = numbered(side, (index) => ({ name: `layer-${layer}-${index}`, dependsOn: before }));
    return [...wide, { name: `join-${layer}`, dependsOn: wide.map(({ name }) => name) }];
  }).flat();
}

function sideOf(size: number): number {
  const side = Math.floor((Math.sqrt(4 * size + 1) - 1) / 2);
  return Math.max(1, side);
}

function wholeDiamonds(size: number): number {
  const side = sideOf(size);
  return side * (side + 1);
}

function randomNodes(size: number, seed: number): readonly Node[] {
  const random = randomFrom(seed);
  const reach = Math.max(RANDOM_REACH_MIN, Math.ceil(size * RANDOM_REACH));
  return numbered(size, (index) => {
    const wanted = Math.floor(random() * (RANDOM_UPSTREAM_MAX + 1));
    const upstream = new Set(numbered(wanted, () => index - 1 - Math.floor(random() * reach)));
    const dependsOn = [...upstream].filter((one) => one >= 0).toSorted((a, b) => a - b);
    return { name: taskName(index), dependsOn: dependsOn.map(taskName) };
  });
}

/** Mulberry32: numbers from 0 to below 1, the same for a seed everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function taskName(index: number): string {
  return `task-${index}`;
}

function numbered<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
