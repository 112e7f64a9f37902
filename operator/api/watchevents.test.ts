import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StreamDamagedError, readEvents } from "./watchevents.ts";
import type { WatchEvent } from "./watchevents.ts";

async function* chunksOf(chunks: readonly string[]): AsyncGenerator<string> {
  for (const chunk of chunks) yield chunk;
}

async function read(chunks: readonly string[]): Promise<readonly (readonly WatchEvent[])[]> {
  const batches: (readonly WatchEvent[])[] = [];
  for await (const batch of readEvents(chunksOf(chunks))) batches.push(batch);
  return batches;
}

/** The text cut after each of these lengths, surrogate pairs and escapes included. */
function cut(text: string, at: readonly number[]): readonly string[] {
  const places = [...new Set(at.map((place) => place % (text.length + 1)))].toSorted((a, b) => a - b);
  return [...places, text.length].map((end, index) => text.slice(index === 0 ? 0 : places[index - 1], end));
}

const added = (object: unknown): string => `${JSON.stringify({ type: "ADDED", object })}\n`;

describe("events of a watch", () => {
  it("come as many at once as a chunk completed", async () => {
    const batches = await read([added(1) + added(2), added(3).slice(0, 4), added(3).slice(4)]);

    expect(batches.map((batch) => batch.map((event) => event.object))).toEqual([[1, 2], [3]]);
  });

  it("are the same, however the text is cut", async () => {
    const object = fc.record({ name: fc.string({ unit: "binary" }), emoji: fc.constant("😀\u2028é"), n: fc.integer() });
    await fc.assert(
      fc.asyncProperty(fc.array(object), fc.array(fc.nat()), async (objects, places) => {
        const batches = await read(cut(objects.map(added).join(""), places));

        expect(batches.flat().map((event) => event.object)).toEqual(JSON.parse(JSON.stringify(objects)));
      }),
    );
  });

  it("leave out an unfinished last line: the server sends it again", async () => {
    expect((await read([added(1) + added(2).trimEnd()])).flat()).toHaveLength(1);
  });

  it("may be separated by empty lines and carriage returns", async () => {
    expect((await read(["\n\r\n", added(1).replace("\n", "\r\n"), "\n"])).flat()).toHaveLength(1);
  });

  it.each(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"])("know the type %s", async (type) => {
    expect((await read([`{"type":"${type}"}\n`])).flat()).toEqual([{ type, object: undefined }]);
  });

  it.each([
    "<html>",
    "null",
    "[]",
    "7",
    "{}",
    '{"type":"RENAMED"}',
    '{"type":7}',
    '{"type":"ADDED"',
    '{"type":"__proto__"}',
  ])("are not read from %s", async (line) => {
    await expect(read([added(1), `${line}\n`])).rejects.toThrow(StreamDamagedError);
  });

  it("that came before the damage are told", async () => {
    const events = readEvents(chunksOf([added(1), "damage\n"]));

    expect((await events.next()).value).toHaveLength(1);
  });

  it("end where a line grows past the size of any object", async () => {
    const piece = "x".repeat(4 * 1024 * 1024);

    await expect(read([piece, piece, piece, piece, piece])).rejects.toThrow(StreamDamagedError);
  });

  it("take a line of the largest size etcd stores in many chunks in little time", async () => {
    const line = added("x".repeat(1024 * 1024));
    const places = Array.from({ length: 64 }, (_, index) => index * 16 * 1024);

    expect((await read(cut(line, places))).flat()).toHaveLength(1);
  });

  it("stop the reading of the stream when the reader leaves", async () => {
    let left = false;
    async function* endless(): AsyncGenerator<string> {
      try {
        for (;;) yield added(1);
      } finally {
        left = true;
      }
    }
    for await (const _ of readEvents(endless())) break;

    expect(left).toBe(true);
  });
});
