import { describe, expect, it } from "vitest";
import { FIELD_LIMIT_CHARS, makeLog, type LogFormat, type LogLevel } from "./log.ts";

describe("as JSON", () => {
  it("writes one line per event, time, level and message first", () => {
    const { log, lines } = logTo("json");
    log.info("plan applied", { taskRun: "a/b", actions: 2, retried: false, nothing: undefined });

    const want =
      '{"time":"2030-01-01T00:00:00.000Z","level":"info","message":"plan applied","taskRun":"a/b","actions":2,"retried":false}\n';
    expect(lines).toEqual([want]);
  });

  it("lets no field take the place of time, level or message", () => {
    const { log, lines } = logTo("json");
    log.warn("m", { message: "other", level: "debug" });

    expect(JSON.parse(lines[0]!)).toMatchObject({ level: "warn", message: "m", message_: "other", level_: "debug" });
  });
});

it.each<LogFormat>(["json", "text"])("escapes whatever could disturb a terminal (%s)", (format) => {
  const { log, lines } = logTo(format);
  log.info("m", { name: "a\nb\u001b[31mc\u0085d\u202Ee\u2028f\u007Fg" });

  expect(lines[0]!.trimEnd()).not.toMatch(/[\p{Cc}\u2028\u202E]/u);
  expect(lines[0]).toContain("a\\nb\\u001b[31mc\\u0085d\\u202ee\\u2028f\\u007fg");
});

it("cuts a long field and says so", () => {
  const { log, lines } = logTo("json");
  log.info("m", { text: "x".repeat(5_000) });

  expect(lines[0]!.length).toBeLessThan(FIELD_LIMIT_CHARS + 200);
  expect(lines[0]).toContain("... (5000 characters)");
});

it("writes text with fields as words, quoted where needed", () => {
  const { log, lines } = logTo("text");
  log.error("watch broken", { resource: "pods", cause: "no reply" });

  expect(lines).toEqual(['00:00:00.000 ERROR watch broken                         resource=pods cause="no reply"\n']);
});

it.each<[LogLevel, string[]]>([
  ["debug", ["debug", "info", "warn", "error"]],
  ["warn", ["warn", "error"]],
])("leaves out what is below level %s", (level, want) => {
  const { log, lines } = logTo("json", level);
  for (const one of ["debug", "info", "warn", "error"] as const) log[one]("m");

  expect(lines.map((line): unknown => JSON.parse(line)).map((entry) => (entry as { level: string }).level)).toEqual(
    want,
  );
});

function logTo(format: LogFormat, level: LogLevel = "debug"): { log: ReturnType<typeof makeLog>; lines: string[] } {
  const lines: string[] = [];
  const log = makeLog({ level, format, write: (line) => lines.push(line), now: () => Date.UTC(2030, 0, 1) });
  return { log, lines };
}
