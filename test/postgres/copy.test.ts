import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, connect } from "../../src/postgres/connection.ts";
import { copyIn } from "../../src/postgres/copy-in.ts";
import { copyOut } from "../../src/postgres/copy-out.ts";
import { createTestDatabase, type TestDatabase } from "../fixtures/postgres.ts";

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await createTestDatabase({ postgis: false });
});
afterAll(async () => await database.drop());

/** A session for one test, since some tests break theirs. */
async function withSession(action: (session: Client) => Promise<void>): Promise<void> {
  client = await connect(database.settings);
  try {
    await action(client);
  } finally {
    await client.end();
  }
}

interface Copied {
  rows: number;
  bytes: number;
  text: string;
  blocks: { bytes: number; rows: number; endsAtRow: boolean }[];
}

async function copied(session: Client, sql: string, blockBytes: number, delayed = false): Promise<Copied> {
  const parts: Buffer[] = [];
  const blocks: Copied["blocks"] = [];
  const result = await copyOut(session, sql, {
    blockBytes,
    async onBlock(block, rows) {
      if (delayed) await sleep(1);
      parts.push(block);
      blocks.push({ bytes: block.length, rows, endsAtRow: block.at(-1) === 0x0a });
    },
  });
  return { ...result, text: Buffer.concat(parts).toString("utf8"), blocks };
}

async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let offset = 0, turn = 0; offset < bytes.length; turn++) {
    const end = offset + sizes[turn % sizes.length]!;
    yield bytes.subarray(offset, end);
    offset = end;
  }
}

async function copyOne(
  session: Client,
  sql: string,
  source: AsyncIterable<Buffer>,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const [rows] = await copyIn(session, [{ sql, source }], signal);
  return rows;
}

async function answer(session: Client): Promise<unknown> {
  return (await session.query<{ answer: number }>("SELECT 42 AS answer")).rows[0]?.answer;
}

describe("COPY TO STDOUT", () => {
  it.each([
    [1, false],
    [100, true],
    [4096, false],
    [1_000_000, true],
  ])("gives every row in order, in blocks of %i bytes that end at row ends", async (blockBytes, delayed) => {
    await withSession(async (session) => {
      const sql = "COPY (SELECT i, repeat('x', i % 50) FROM generate_series(1, 3000) i) TO STDOUT";
      const { text, rows, bytes, blocks } = await copied(session, sql, blockBytes, delayed);
      const expected = Array.from({ length: 3000 }, (_, i) => `${i + 1}\t${"x".repeat((i + 1) % 50)}\n`);
      expect(text).toBe(expected.join(""));
      expect(rows).toBe(3000);
      expect(bytes).toBe(Buffer.byteLength(text));
      expect(blocks.reduce((sum, block) => sum + block.rows, 0)).toBe(3000);
      expect(blocks.every(({ endsAtRow }) => endsAtRow)).toBe(true);
      expect(blocks.every((block) => block.rows === 1 || block.bytes <= blockBytes)).toBe(true);
      expect(await answer(session)).toBe(42);
    });
  });

  it("gives rows far longer than a block, next to short and empty ones", async () => {
    await withSession(async (session) => {
      const lengths = [0, 3, 70_000, 1, 2_000_000, 0, 65_536, 9];
      const sql = `COPY (SELECT repeat('y', n) FROM unnest(ARRAY[${lengths.join(", ")}]) n) TO STDOUT`;
      const { text, blocks } = await copied(session, sql, 1000);
      expect(text.split("\n").map((line) => line.length)).toEqual([...lengths, 0]);
      expect(Math.max(...blocks.map(({ bytes }) => bytes))).toBe(2_000_001);
    });
  });

  it("gives no block for no row, and blocks for rows without columns", async () => {
    await withSession(async (session) => {
      expect(await copied(session, "COPY (SELECT 1 WHERE false) TO STDOUT", 100)).toEqual({
        rows: 0,
        bytes: 0,
        text: "",
        blocks: [],
      });
      const empty = await copied(session, "COPY (SELECT FROM generate_series(1, 5)) TO STDOUT", 2);
      expect(empty).toMatchObject({ rows: 5, text: "\n\n\n\n\n" });
    });
  });

  it("takes buffers from a pool of the caller's", async () => {
    await withSession(async (session) => {
      const pool: Buffer[] = [];
      let made = 0;
      let text = "";
      const result = await copyOut(session, "COPY (SELECT i FROM generate_series(1, 5000) i) TO STDOUT", {
        blockBytes: 512,
        allocate: (sizeBytes) => pool.pop() ?? (made++, Buffer.allocUnsafe(sizeBytes)),
        onBlock(block) {
          text += block.toString("latin1");
          pool.push(Buffer.from(block.buffer, block.byteOffset, 512));
        },
      });
      expect(result.rows).toBe(5000);
      expect(text).toBe(Array.from({ length: 5000 }, (_, i) => `${i + 1}\n`).join(""));
      expect(made).toBe(1);
    });
  });

  it("passes the server's error on, at the start and in the middle, and the client goes on", async () => {
    await withSession(async (session) => {
      await expect(copied(session, "COPY missing TO STDOUT", 100)).rejects.toMatchObject({ code: "42P01" });
      expect(await answer(session)).toBe(42);
      let rows = 0;
      const failing = copyOut(session, "COPY (SELECT 1 / (90000 - i) FROM generate_series(1, 100000) i) TO STDOUT", {
        blockBytes: 100,
        onBlock: (_, count) => void (rows += count),
      });
      await expect(failing).rejects.toMatchObject({ code: "22012" });
      expect(rows).toBeGreaterThan(0);
      expect(await answer(session)).toBe(42);
      expect((await copied(session, "COPY (SELECT 7) TO STDOUT", 100)).text).toBe("7\n");
    });
  });

  it("refuses what is no COPY TO STDOUT, and the client goes on", async () => {
    await withSession(async (session) => {
      await expect(copied(session, "SELECT 1", 100)).rejects.toMatchObject({ code: "copy-mismatch" });
      await session.query("CREATE TEMPORARY TABLE t (i integer)");
      await expect(copied(session, "COPY t FROM STDIN", 100)).rejects.toMatchObject({ code: "57014" });
      expect(await answer(session)).toBe(42);
    });
  });

  it("stops when the receiver fails", async () => {
    const failure = new Error("the disk is full");
    await withSession(async (session) => {
      const endless = "COPY (SELECT generate_series(1, 1000000000)) TO STDOUT";
      const late = copyOut(session, endless, { blockBytes: 1000, onBlock: () => Promise.reject(failure) });
      await expect(late).rejects.toBe(failure);
      await expect(session.query("SELECT 1")).rejects.toThrow();
    });
    await withSession(async (session) => {
      const failing = copyOut(session, "COPY (SELECT 1) TO STDOUT", {
        blockBytes: 1000,
        onBlock() {
          throw failure;
        },
      });
      await expect(failing).rejects.toBe(failure);
    });
  });

  it("stops at an abort, while rows flow, while the server works, and before it began", async () => {
    const reason = new Error("interrupted");
    await withSession(async (session) => {
      const controller = new AbortController();
      const flowing = copyOut(session, "COPY (SELECT generate_series(1, 1000000000)) TO STDOUT", {
        blockBytes: 1000,
        onBlock: () => controller.abort(reason),
        signal: controller.signal,
      });
      await expect(flowing).rejects.toBe(reason);
    });
    await withSession(async (session) => {
      const pid = (await session.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0]?.pid;
      const controller = new AbortController();
      const waiting = copyOut(session, "COPY (SELECT pg_sleep(600)) TO STDOUT", {
        blockBytes: 1000,
        onBlock() {},
        signal: controller.signal,
      });
      setTimeout(() => controller.abort(reason), 50);
      await expect(waiting).rejects.toBe(reason);
      await withSession(async (other) => {
        const isGone = async (): Promise<boolean> =>
          (await other.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1", [pid])).rowCount === 0;
        await expect.poll(isGone, { timeout: 20_000 }).toBe(true);
      });
    });
    await withSession(async (session) => {
      const aborted = { blockBytes: 1, onBlock() {}, signal: AbortSignal.abort(reason) };
      await expect(copyOut(session, "COPY (SELECT 1) TO STDOUT", aborted)).rejects.toBe(reason);
      expect(await answer(session)).toBe(42);
    });
  });

  it("fails when the connection is cut", async () => {
    await withSession(async (session) => {
      const { rows } = await session.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      await withSession(async (other) => {
        let killed = false;
        const cut = copyOut(session, "COPY (SELECT generate_series(1, 1000000000)) TO STDOUT", {
          blockBytes: 1000,
          async onBlock() {
            if (killed) return;
            killed = true;
            await other.query("SELECT pg_terminate_backend($1)", [rows[0]?.pid]);
          },
        });
        await expect(cut).rejects.toThrow();
      });
    });
  });

  it("goes on with queued queries, COPY after COPY", async () => {
    await withSession(async (session) => {
      for (let i = 0; i < 200; i++) {
        const sql = `COPY (SELECT ${i}) TO STDOUT`;
        expect((await copied(session, sql, 10)).text).toBe(`${i}\n`);
        if (i % 7 === 0) expect(await answer(session)).toBe(42);
      }
    });
  });

  it("lets notices pass between rows", async () => {
    await withSession(async (session) => {
      await session.query(
        `CREATE FUNCTION pg_temp.noisy(i integer) RETURNS integer LANGUAGE plpgsql
         AS $$BEGIN RAISE NOTICE 'at % %', i, repeat('n', 5000); RETURN i; END$$`,
      );
      let notices = 0;
      session.on("notice", () => notices++);
      const sql = "COPY (SELECT pg_temp.noisy(i) FROM generate_series(1, 500) i) TO STDOUT";
      const { text } = await copied(session, sql, 64, true);
      expect(text).toBe(Array.from({ length: 500 }, (_, i) => `${i + 1}\n`).join(""));
      expect(notices).toBe(500);
    });
  });
});

describe("COPY FROM STDIN", () => {
  const rows = Buffer.from(Array.from({ length: 2000 }, (_, i) => `${i}\tväl ${"z".repeat(i % 90)}\n`).join(""));

  async function withTable(action: (session: Client) => Promise<void>): Promise<void> {
    await withSession(async (session) => {
      await session.query("CREATE TEMPORARY TABLE t (i integer PRIMARY KEY, v text)");
      await action(session);
    });
  }

  it.each([
    ["whole", [rows.length]],
    ["byte by byte", [1]],
    ["in pieces", [7, 1, 1000, 3]],
    ["with empty buffers between", [0, 100, 0]],
  ])("takes rows %s, with and without the end marker", async (_, sizes) => {
    await withTable(async (session) => {
      expect(await copyOne(session, "COPY t FROM STDIN", pieces(rows, sizes))).toBe(2000);
      expect((await copied(session, "COPY (SELECT * FROM t ORDER BY i) TO STDOUT", 1000)).text).toBe(
        rows.toString("utf8"),
      );
      await session.query("TRUNCATE t");
      const ended = Buffer.concat([rows, Buffer.from("\\.\n\n\n")]);
      expect(await copyOne(session, "COPY t FROM STDIN", pieces(ended, sizes))).toBe(2000);
      await session.query("TRUNCATE t");
      expect(await copyOne(session, "COPY t FROM STDIN", pieces(Buffer.from("\\.\n\n\n"), [1]))).toBe(0);
      expect(await answer(session)).toBe(42);
    });
  });

  it("passes the server's error on, gives the source up, and the client goes on", async () => {
    await withTable(async (session) => {
      let returned = false;
      async function* endless(): AsyncGenerator<Buffer> {
        try {
          yield Buffer.from("no number\tx\n");
          for (let i = 0; ; i++) {
            yield Buffer.from(`${i}\t${"x".repeat(50_000)}\n`);
            await sleep(0);
          }
        } finally {
          returned = true;
        }
      }
      await expect(copyOne(session, "COPY t FROM STDIN", endless())).rejects.toMatchObject({ code: "22P02" });
      await expect.poll(() => returned).toBe(true);
      expect(await answer(session)).toBe(42);
      expect(await copyOne(session, "COPY t FROM STDIN", pieces(rows, [5000]))).toBe(2000);
      await expect(copyOne(session, "COPY t FROM STDIN", pieces(rows, [5000]))).rejects.toMatchObject({
        code: "23505",
      });
      await expect(copyOne(session, "COPY missing FROM STDIN", pieces(rows, [9]))).rejects.toMatchObject({
        code: "42P01",
      });
      await expect(copyOne(session, "SELECT 1", pieces(rows, [9]))).rejects.toMatchObject({ code: "copy-mismatch" });
      expect(await answer(session)).toBe(42);
    });
  });

  it("tells what went wrong with the source, and the client goes on without the rows", async () => {
    const failure = new Error("the archive is damaged");
    async function* failing(): AsyncGenerator<Buffer> {
      yield rows;
      throw failure;
    }
    await withTable(async (session) => {
      await expect(copyOne(session, "COPY t FROM STDIN", failing())).rejects.toBe(failure);
      expect(await answer(session)).toBe(42);
      expect((await session.query("SELECT 1 FROM t")).rowCount).toBe(0);
    });
  });

  it("stops at an abort: while rows flow, while the source is stuck, while a lock is waited for", async () => {
    const reason = new Error("interrupted");
    await withTable(async (session) => {
      const flowing = new AbortController();
      async function* endless(): AsyncGenerator<Buffer> {
        for (let i = 0; ; i++) {
          if (i === 1000) flowing.abort(reason);
          yield Buffer.from(`${i}\tx\n`);
        }
      }
      await expect(copyOne(session, "COPY t FROM STDIN", endless(), flowing.signal)).rejects.toBe(reason);
      expect(await answer(session)).toBe(42);

      const stuck = new AbortController();
      async function* never(): AsyncGenerator<Buffer> {
        yield Buffer.from("1\tx\n");
        setTimeout(() => stuck.abort(reason), 20);
        await new Promise(() => {});
      }
      await expect(copyOne(session, "COPY t FROM STDIN", never(), stuck.signal)).rejects.toBe(reason);
      expect(await answer(session)).toBe(42);
      expect((await session.query("SELECT 1 FROM t")).rowCount).toBe(0);
    });
    await withSession(async (session) => {
      await session.query("CREATE TABLE locked (i integer, v text)");
      await session.query("BEGIN; LOCK TABLE locked");
      await withSession(async (other) => {
        const controller = new AbortController();
        setTimeout(() => controller.abort(reason), 20);
        await expect(copyOne(other, "COPY locked FROM STDIN", pieces(rows, [99]), controller.signal)).rejects.toBe(
          reason,
        );
      });
      await session.query("ROLLBACK; DROP TABLE locked");
    });
  });

  it("brings back what went out, whatever the values", async () => {
    await withSession(async (session) => {
      await session.query("CREATE TEMPORARY TABLE a (t text, b bytea); CREATE TEMPORARY TABLE b (LIKE a)");
      const value = fc.option(fc.string({ unit: "grapheme" }).map((s) => s.replaceAll("\0", "")));
      const row = fc.tuple(value, fc.option(fc.uint8Array()));
      const awkward = fc.constantFrom<[string, null]>(["\\.", null], ["\\N", null], ["", null], ["\r\n\t\b\v\\", null]);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.oneof(row, awkward), { maxLength: 20 }),
          fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
          async (values, sizes) => {
            await session.query("TRUNCATE a, b");
            for (const [t, b] of values) {
              await session.query("INSERT INTO a VALUES ($1, $2)", [t, b === null ? null : Buffer.from(b)]);
            }
            const { text } = await copied(session, "COPY a TO STDOUT", 30);
            await copyOne(session, "COPY b FROM STDIN", pieces(Buffer.from(text), sizes));
            const { rows: found } = await session.query<{ t: string | null; b: Buffer | null }>("SELECT * FROM b");
            expect(found.map(({ t, b }) => [t, b?.toString("hex") ?? null])).toEqual(
              values.map(([t, b]) => [t, b === null ? null : Buffer.from(b).toString("hex")]),
            );
          },
        ),
        { numRuns: 40 },
      );
    });
  });
});

describe("a row of 100 MB", () => {
  it("passes both ways in a small multiple of its size", async () => {
    await withSession(async (session) => {
      await session.query("CREATE TEMPORARY TABLE huge (t text); CREATE TEMPORARY TABLE back (t text)");
      const seed = randomBytes(50).toString("hex");
      await session.query("INSERT INTO huge SELECT repeat($1, 1000000)", [seed]);
      const before = process.memoryUsage().arrayBuffers;
      const blocks: Buffer[] = [];
      await copyOut(session, "COPY huge TO STDOUT", {
        blockBytes: 100_000,
        onBlock: (block) => void blocks.push(block),
      });
      expect(blocks.map(({ length }) => length)).toEqual([100_000_001]);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(250_000_000);
      await copyOne(session, "COPY back FROM STDIN", pieces(blocks[0]!, [100_000_001]));
      const { rows } = await session.query("SELECT huge.t = back.t AS same FROM huge, back");
      expect(rows).toEqual([{ same: true }]);
    });
  });
});
