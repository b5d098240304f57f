import { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CopyDataReader } from "../../src/postgres/copy-messages.ts";

/** A message of the protocol. */
function message(type: string, body: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.write(type, 0, "latin1");
  header.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

interface Read {
  rows: string[];
  /** What pg got, before and after the end. */
  forwarded: string;
  done: number;
  failures: unknown[];
}

/** Lets the reader take the stream over and sends it the pieces; every `pauseEvery`th row takes a turn of its own. */
async function read(pieces: readonly Buffer[], pauseEvery: number): Promise<Read> {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, callback) => callback() });
  const result: Read = { rows: [], forwarded: "", done: 0, failures: [] };
  stream.on("data", (bytes: Buffer) => (result.forwarded += bytes.toString("latin1")));
  let row = 0;
  // it gives the stream back by itself, and nothing else holds it
  void new CopyDataReader(stream, {
    rowStart() {
      result.rows.push("");
      return ++row % pauseEvery === 0 ? turn() : undefined;
    },
    rowBytes(bytes, start, end) {
      result.rows[result.rows.length - 1] += bytes.toString("latin1", start, end);
    },
    rowsDone() {
      result.done++;
      return turn();
    },
    failed: (error) => void result.failures.push(error),
  });
  for (const piece of pieces) stream.push(piece);
  stream.push(null);
  stream.resume();
  await new Promise((resolve) => stream.once("end", resolve));
  // a paused stream says that it has ended while the reader still holds what it has read
  for (let left = row + 200; left > 0; left--) await turn();
  return result;
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let offset = 0, index = 0; offset < bytes.length; index++) {
    const end = offset + sizes[index % sizes.length]!;
    pieces.push(bytes.subarray(offset, end));
    offset = end;
  }
  return pieces;
}

describe("the messages of a COPY TO STDOUT", () => {
  const part = fc.record({
    type: fc.constantFrom("d", "d", "d", "N", "S", "A"),
    body: fc.uint8Array({ maxLength: 40 }),
  });
  const sizes = fc.oneof(
    fc.constant([1]),
    fc.constant([1_000_000]),
    fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
  );

  it("are told apart however they are cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(part), sizes, fc.integer({ min: 1, max: 4 }), async (parts, cuts, pauseEvery) => {
        const end = [
          { type: "c", body: Buffer.alloc(0) },
          { type: "C", body: Buffer.from("COPY 5\0") },
          { type: "Z", body: Buffer.from("T") },
          // what comes after the server is ready is not for us, be it rows
          { type: "d", body: Buffer.from("of another query") },
        ];
        const copyOutResponse = message("H", Buffer.of(0, 0, 1, 0, 0));
        const messages = [...parts, ...end].map(({ type, body }) => message(type, body));
        const found = await read(cut(Buffer.concat([copyOutResponse, ...messages]), cuts), pauseEvery);
        const rows = parts.filter(({ type }) => type === "d").map(({ body }) => Buffer.from(body).toString("latin1"));
        const others = messages.filter((_, i) => parts[i]?.type !== "d" && i !== parts.length);
        expect(found).toEqual({
          rows,
          forwarded: Buffer.concat([copyOutResponse, ...others]).toString("latin1"),
          done: 1,
          failures: [],
        });
      }),
    );
  });

  it.each([
    ["a row shorter than its own header", Buffer.of(0x64, 0, 0, 0, 3)],
    ["a control message of 2 GiB", Buffer.of(0x4e, 0x7f, 0xff, 0xff, 0xff)],
    ["a control message shorter than its own header", Buffer.of(0x4e, 0, 0, 0, 0)],
  ])("fail when the connection is out of step: %s", async (_, bytes) => {
    const { failures } = await read([bytes], 1);
    expect(failures).toEqual([expect.objectContaining({ message: expect.stringContaining("says that it is") })]);
  });
});
