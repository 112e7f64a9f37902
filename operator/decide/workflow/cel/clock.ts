/** What a clock shows at a moment in a time zone: the getters of CEL's timestamps, whatever the time zone of this process. */
import { quoted } from "./problem.ts";

/** Reads a Date whose UTC fields are what the clock shows. */
type Field = (shown: Date) => number;

const DAY_MS = 86_400_000;

/** The getters of timestamps by their names in CEL: months, and days of the month by getDayOfMonth, count from 0, Sunday is 0. */
export const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ["getFullYear", (shown) => shown.getUTCFullYear()],
  ["getMonth", (shown) => shown.getUTCMonth()],
  ["getDate", (shown) => shown.getUTCDate()],
  ["getDayOfMonth", (shown) => shown.getUTCDate() - 1],
  ["getDayOfWeek", (shown) => shown.getUTCDay()],
  ["getDayOfYear", (shown) => Math.floor((shown.getTime() - yearStart(shown)) / DAY_MS)],
  ["getHours", (shown) => shown.getUTCHours()],
  ["getMinutes", (shown) => shown.getUTCMinutes()],
  ["getSeconds", (shown) => shown.getUTCSeconds()],
  ["getMilliseconds", (shown) => shown.getUTCMilliseconds()],
]);

/** Date.UTC takes the years 0 to 99 for those of 1900. */
function yearStart(shown: Date): number {
  return new Date(0).setUTCFullYear(shown.getUTCFullYear(), 0, 1);
}

/**
 * A Date whose UTC fields are what a clock of the zone shows at that moment (milliseconds since 1970). The zone is as in CEL: a
 * name of the IANA database, or an offset such as "+02:00" or "02:00"; undefined: UTC.
 * @throws Error where the zone is unknown
 */
export function clock(moment: number, zone: string | undefined): Date {
  if (zone === undefined) return new Date(moment);
  const offset = /^([+-]?)(\d\d):(\d\d)$/.exec(zone);
  if (offset === null) return new Date(localTime(moment, zone));
  const minutes = Number(offset[2]) * 60 + Number(offset[3]);
  return new Date(moment + (offset[1] === "-" ? -1 : 1) * minutes * 60_000);
}

function localTime(moment: number, zone: string): number {
  const parts = new Map(
    formatIn(zone)
      .formatToParts(moment)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const midnight = new Date(0).setUTCFullYear(part("year"), part("month") - 1, part("day"));
  const seconds = (part("hour") * 60 + part("minute")) * 60 + part("second");
  return midnight + seconds * 1000 + new Date(moment).getUTCMilliseconds();
}

function formatIn(timeZone: string): Intl.DateTimeFormat {
  const [numeric, hourCycle] = ["numeric", "h23"] as const;
  const date = { year: numeric, month: numeric, day: numeric } as const;
  const time = { hour: numeric, minute: numeric, second: numeric, hourCycle } as const;
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone, ...date, ...time });
  } catch {
    throw new Error(`${quoted(timeZone)} is no time zone; Europe/Berlin, UTC and +02:00 are`);
  }
}
