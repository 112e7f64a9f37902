import { expect, it } from "vitest";
import { PODS } from "../api/paths.ts";
import { decodePod } from "../api/pod.ts";
import { aWorld } from "../testing/scripted.ts";
import type { Script } from "../testing/scripted.ts";
import { Reflector } from "./reflector.ts";
import { Store } from "./store.ts";

it.each<[string, Script, string[]]>([
  ["no reply to a watch", {}, ["watch pods none"]],
  ["a watch that is open", { stream: () => ({}) }, ["watch pods 200"]],
  ["no reply to a list", { stream: () => ({ status: 422 }) }, ["watch pods 422", "list pods none"]],
  [
    "a list that is refused",
    { stream: () => ({ status: 422 }), request: () => ({ status: 403, body: {} }) },
    ["watch pods 422", "list pods 403"],
  ],
])("counts and times %s", async (_, script, want) => {
  const { port, advance, counted } = aWorld(script);
  const observed: string[] = [];
  const meter = {
    ...port.meter,
    observe: (name: string, labels: object) => void observed.push([name, ...Object.values(labels)].join(" ")),
  };
  const store = new Store({ onChange: () => {} });
  const options = { resource: PODS, namespace: "", store, decode: decodePod, onSynced: () => {} };
  const reflector = new Reflector({ ...port, meter }, options);
  const running = reflector.run();
  await advance(100);
  const calls = [...counted.keys()].filter((key) => key.startsWith("apiRequests"));
  reflector.stop();
  await running;

  expect(calls).toEqual(want.map((call) => `apiRequests ${call}`));
  expect(observed).toEqual(want.map((call) => `apiRequest ${call.split(" ").slice(0, 2).join(" ")}`));
});
