/** Nothing is written by a process that leads no longer. */
import { ConnectionError } from "../api/port.ts";
import type { ApiPort, ApiRequest, ApiResponse } from "../api/port.ts";

/** A write that was not sent, because the lease was not ours any more. */
export class FencedError extends ConnectionError {}

/**
 * The same API server, for those who lead: before a write is handed on, and again when its bytes are about to leave,
 * `held` is asked whether we still do. Reads pass. `held` sees to it that the process learns of its loss.
 */
export function fencedApi(api: ApiPort, held: () => boolean): ApiPort {
  return {
    stream: async (request, signal) => await api.stream(request, signal),
    request: async (request: ApiRequest): Promise<ApiResponse> => {
      if (request.method === "GET") return await api.request(request);
      if (!held()) throw new FencedError("not sent: this process does not hold the lease");
      return await api.request({ ...request, mayLeave: held });
    },
  };
}
