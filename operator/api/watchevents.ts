/** One watch response, cut anywhere, -> the events in it. */
import { object, text } from "./decode.ts";

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: unknown;
}

/** The stream holds something that is no watch event: the connection cannot be trusted any further. */
export class StreamDamagedError extends Error {
  override readonly name = "StreamDamagedError";
}

/** The API server limits an object to about 3 MiB of JSON; a longer line is no event. */
const LINE_CHARS_MAX = 16 * 1024 * 1024;

const TYPES: ReadonlySet<string> = new Set(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]);

/**
 * Events in the order they came, as many at once as one chunk completed. An unfinished last line is dropped: the server
 * sends that event again when the watch goes on.
 * @throws StreamDamagedError
 */
export async function* readEvents(chunks: AsyncIterable<string>): AsyncGenerator<readonly WatchEvent[], void, void> {
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_CHARS_MAX) throw new StreamDamagedError("a watch event is longer than any object may be");
    const events = lines.filter((line) => line.trim() !== "").map(parseEvent);
    if (events.length > 0) yield events;
  }
}

function parseEvent(line: string): WatchEvent {
  const event = object(parse(line));
  const type = text(event["type"]);
  if (type === undefined || !isType(type)) throw new StreamDamagedError("a line of the watch is no watch event");
  return { type, object: event["object"] };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new StreamDamagedError("a line of the watch is no JSON");
  }
}

function isType(type: string): type is WatchEvent["type"] {
  return TYPES.has(type);
}
