import type { Kind } from "./paths.ts";
import type { ApiResponse, Port } from "./port.ts";

/** Makes a call, counted and timed, whether a reply comes or none. A watch is timed to the start of its reply. */
export async function metered<A extends ApiResponse>(
  port: Port,
  verb: "get" | "list" | "watch" | "create" | "update",
  resource: Kind,
  call: () => Promise<A>,
): Promise<A> {
  const labels = { verb, resource: resource.name };
  const started = port.clock.monotonic();
  let code = "none";
  try {
    const reply = await call();
    code = String(reply.status);
    return reply;
  } finally {
    port.meter.count("apiRequests", { ...labels, code });
    port.meter.observe("apiRequest", labels, (port.clock.monotonic() - started) / 1000);
  }
}
