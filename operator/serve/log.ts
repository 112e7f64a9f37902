import type { Log, LogFields } from "../api/port.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ["json", "text"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Takes one finished line, with its line break. */
  readonly write: (line: string) => void;
  readonly now: () => number;
}

/** A field holds a name, a message or a cause. Longer text is an object somebody hopes to see in our log. */
export const FIELD_LIMIT_CHARS = 1_024;

const MESSAGE_COLUMN_CHARS = 36;

/** Writes one line per event: a constant message and fields. */
export function makeLog(options: LogOptions): Log {
  const least = LOG_LEVELS.indexOf(options.level);
  const at = (level: LogLevel): Log[LogLevel] => {
    if (LOG_LEVELS.indexOf(level) < least) return () => undefined;
    const line = options.format === "json" ? jsonLine : textLine;
    return (message, fields = {}) => options.write(line(new Date(options.now()).toISOString(), level, message, fields));
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function jsonLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  // The fixed keys come last, so that no field can take their place, but are listed first to be read first.
  const entry: Record<string, unknown> = { time, level, message };
  for (const [key, value] of given(fields)) entry[key in entry ? `${key}_` : key] = value;
  return `${escapeControls(JSON.stringify(entry))}\n`;
}

function textLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  const words = [...given(fields)].map(([key, value]) => `${escapeControls(key)}=${quoted(value)}`);
  const start = `${time.slice(11, 23)} ${level.toUpperCase().padEnd(5)}`;
  const padded = words.length === 0 ? message : message.padEnd(MESSAGE_COLUMN_CHARS);
  return `${[start, escapeControls(padded), ...words].join(" ")}\n`;
}

function* given(fields: LogFields): Generator<[string, string | number | boolean]> {
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) yield [key, typeof value === "string" ? bounded(value) : value];
  }
}

function bounded(text: string): string {
  if (text.length <= FIELD_LIMIT_CHARS) return text;
  return `${text.slice(0, FIELD_LIMIT_CHARS).toWellFormed()}... (${text.length} characters)`;
}

function quoted(value: string | number | boolean): string {
  const text = String(value);
  return /^[\w.:/@*+,-]+$/.test(text) ? text : escapeControls(JSON.stringify(text));
}

/**
 * A name chosen by a user must not move the cursor of the reader's terminal, colour it, or start a line that looks
 * like one of ours. JSON.stringify escapes up to U+001F; DEL, the C1 controls, line separators and the marks that turn
 * the direction of writing are left to us.
 */
function escapeControls(text: string): string {
  return text.replaceAll(/[\p{Cc}\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/gu, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
