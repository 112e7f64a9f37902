/** How values read to people: messages, spans, times. */

import { Chars } from "../api/bounds.ts";
import { ending } from "../api/decode.ts";

/** conditions[].message and attempts[].message hold 1,024 characters (crds/taskruns.yaml). */
export const MESSAGE_CHARS: number = Chars.Message;

/** Printable, one line, well-formed Unicode, and not longer than a message may be: whatever a pod or a server said. */
export function sentence(message: string, chars: number = MESSAGE_CHARS): string {
  const flat = message
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    // Invisible characters that turn the direction of text could make a message say something else on the screen.
    .replace(/\p{Bidi_Control}/gu, "")
    .trim()
    .toWellFormed();
  if (flat.length <= chars) return flat;
  return `${flat.slice(0, chars - 4).toWellFormed()} ...`;
}

/** Colours and cursor movements of terminals (ECMA-48 control sequences). */
// oxlint-disable-next-line no-control-regex -- they begin with one
const TERMINAL_CODES = /\u001b\[[0-?]*[ -/]*[@-~]/g;

/** The last of somebody's lines: line breaks stay, everything else is made printable; at most so many characters. */
export function lastLines(words: string, chars: number): string {
  const printable = words
    .replace(TERMINAL_CODES, "")
    .replace(/\r\n?|[\p{Zl}\p{Zp}]/gu, "\n")
    .replace(/[^\P{Cc}\n]+/gu, " ")
    .replace(/\p{Bidi_Control}/gu, "")
    .replace(/\n{3,}/g, "\n\n")
    .trimEnd()
    .toWellFormed();
  const kept = ending(printable, chars);
  // What was cut begins with a whole line, unless it is one.
  const first = kept.length < printable.length ? kept.indexOf("\n") + 1 : 0;
  return kept.slice(first).replace(/^\n+/, "");
}

/** The API server takes so many bytes of an event's note. */
const NOTE_BYTES = 1024;

/** A sentence as the note of an event, in which so many bytes are left free. */
export function note(words: string, free: number = 0): string {
  const flat = sentence(words);
  const [encoded, bytes] = [new TextEncoder().encode(flat), NOTE_BYTES - free];
  if (encoded.length <= bytes) return flat;
  // What is left of a character at the cut reads as U+FFFD, of up to three bytes in place of one or more.
  return `${new TextDecoder().decode(encoded.subarray(0, bytes - 12)).replace(/\ufffd+$/, "")} ...`;
}

/** Somebody's words as a whole sentence. */
export function closed(words: string): string {
  return /[.!?]$/.test(words) ? words : `${words}.`;
}

/** 47s, 3m21s, 2h5m, 3d4h: the two largest units, as kubectl writes ages. Negative spans read 0s. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24];
  const [minutes, rest] = [Math.floor(seconds / 60) % 60, seconds % 60];
  if (days > 0) return hours === 0 ? `${days}d` : `${days}d${hours}h`;
  if (hours > 0) return minutes === 0 ? `${hours}h` : `${hours}h${minutes}m`;
  if (minutes > 0) return rest === 0 ? `${minutes}m` : `${minutes}m${rest}s`;
  return `${rest}s`;
}

/** A time of the API: RFC 3339 in UTC, whole seconds, as metav1.Time is written. */
export function stamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
