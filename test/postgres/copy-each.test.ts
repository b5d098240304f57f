import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, connect } from "../../src/postgres/connection.ts";
import { copyOutEach } from "../../src/postgres/copy-out.ts";
import { createTestDatabase, type TestDatabase } from "../fixtures/postgres.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ postgis: false });
});
afterAll(async () => await database.drop());

async function withSession(action: (session: Client) => Promise<void>): Promise<void> {
  const session = await connect(database.settings, { bulkReads: true });
  try {
    await action(session);
  } finally {
    await session.end();
  }
}

interface Table {
  text: string;
  rows: number;
  bytes: number;
  ended: boolean;
}

/** Runs the statements; the tables tell what came, also when it fails. */
async function copyEach(
  session: Client,
  statements: readonly string[],
  tables: Table[],
  options: { blockBytes?: number; delayed?: boolean; signal?: AbortSignal } = {},
): Promise<void> {
  const of = (place: number): Table => (tables[place] ??= { text: "", rows: 0, bytes: 0, ended: false });
  await copyOutEach(session, statements, {
    blockBytes: options.blockBytes ?? 4096,
    async onBlock(block, _, place) {
      if (options.delayed === true) await sleep(0);
      expect(of(place).ended).toBe(false);
      of(place).text += block.toString("latin1");
    },
    onEnd: (place, result) => void Object.assign(of(place), result, { ended: true }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

const rowsOf = (count: number): string => Array.from({ length: count }, (_, i) => `${i + 1}\n`).join("");

describe("several COPY TO STDOUT in one round trip", () => {
  it.each([
    [1, false],
    [10, true],
    [4096, false],
  ])("give each its own rows, empty ones too, in blocks of %i bytes", async (blockBytes, delayed) => {
    await withSession(async (session) => {
      const counts = [3, 0, 0, 700, 1, 0, 40];
      const statements = counts.map((count) => `COPY (SELECT generate_series(1, ${count})) TO STDOUT`);
      const tables: Table[] = [];
      await copyEach(session, statements, tables, { blockBytes, delayed });
      expect(tables).toEqual(
        counts.map((rows) => ({ text: rowsOf(rows), rows, bytes: rowsOf(rows).length, ended: true })),
      );
      expect((await session.query<{ one: number }>("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    });
  });

  it("say which ended before one failed, with the server's error, and the client goes on", async () => {
    await withSession(async (session) => {
      const statements = [
        "COPY (SELECT 1) TO STDOUT",
        "COPY (SELECT 1 / (3 - i) FROM generate_series(1, 9) i) TO STDOUT",
        "COPY (SELECT 2) TO STDOUT",
      ];
      const tables: Table[] = [];
      await expect(copyEach(session, statements, tables)).rejects.toMatchObject({ code: "22012" });
      expect(tables.map(({ ended }) => ended)).toEqual([true]);
      const missing = ["COPY (SELECT 1) TO STDOUT", 'COPY "no such table" TO STDOUT'];
      await expect(copyEach(session, missing, [])).rejects.toThrow(/no such table/);
      const after: Table[] = [];
      await copyEach(session, ["COPY (SELECT 7) TO STDOUT"], after);
      expect(after[0]?.text).toBe("7\n");
    });
  });

  it("refuse what is no COPY among them, and texts that hold two statements", async () => {
    await withSession(async (session) => {
      const copy = "COPY (SELECT 1) TO STDOUT";
      const mixed: Table[] = [];
      await expect(copyEach(session, [copy, "SELECT 5", copy], mixed)).rejects.toMatchObject({ code: "copy-mismatch" });
      // what comes behind is handed on, but never said to be whole
      expect(mixed[0]?.ended).toBe(true);
      expect(mixed[2]?.ended).toBe(false);
      await expect(copyEach(session, [`${copy};${copy}`], [])).rejects.toMatchObject({ code: "copy-mismatch" });
      await expect(copyEach(session, [copy, ""], [])).rejects.toMatchObject({ code: "copy-mismatch" });
      const none: Table[] = [];
      await copyEach(session, [], none);
      expect(none).toEqual([]);
    });
  });

  it("stop at an abort", async () => {
    const reason = new Error("interrupted");
    await withSession(async (session) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 50);
      const statements = ["COPY (SELECT 1) TO STDOUT", "COPY (SELECT pg_sleep(600)) TO STDOUT"];
      await expect(copyEach(session, statements, [], { signal: controller.signal })).rejects.toBe(reason);
    });
  });
});
