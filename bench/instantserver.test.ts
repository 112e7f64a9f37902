import { expect, it } from "vitest";
import { InstantServer } from "./instantserver.ts";

const PATH = "/apis/stint.dev/v1alpha1/namespaces/bench/taskruns";
const timeoutMs = 1000;

it("keeps what is made, and takes a status only of the version it has", async () => {
  const server = new InstantServer();
  const body = { metadata: { name: "a" }, spec: {} };
  const made = await server.request({ method: "POST", path: PATH, body, timeoutMs });
  expect(made.status).toBe(201);
  expect((await server.request({ method: "POST", path: PATH, body, timeoutMs })).status).toBe(409);

  const put = { ...(made.body as object), status: { phase: "Running" } };
  const path = `${PATH}/a/status`;
  expect((await server.request({ method: "PUT", path, body: put, timeoutMs })).status).toBe(200);
  expect((await server.request({ method: "PUT", path, body: put, timeoutMs })).status).toBe(409);
  const found = await server.request({ method: "GET", path: `${PATH}/a`, timeoutMs });
  expect(found.body).toMatchObject({ spec: {}, status: { phase: "Running" } });
});

it("shows a watcher what there is, then what comes", async () => {
  const server = new InstantServer();
  const stop = new AbortController();
  await server.request({ method: "POST", path: PATH, body: { metadata: { name: "a" } }, timeoutMs });
  const { chunks } = await server.stream({ method: "GET", path: PATH, timeoutMs }, stop.signal);
  await server.request({ method: "POST", path: PATH, body: { metadata: { name: "b" } }, timeoutMs });
  for await (const chunk of chunks) {
    const types = chunk
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types).toEqual(["ADDED", "BOOKMARK", "ADDED"]);
    stop.abort();
  }
});
