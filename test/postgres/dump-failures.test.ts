import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dumpToc } from "../../src/postgres/dump-toc.ts";
import { type Snapshot, openSnapshot } from "../../src/postgres/snapshot.ts";
import { createTestDatabase, type TestDatabase } from "../fixtures/postgres.ts";
import { errorOf } from "../fixtures/streams.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

let database: TestDatabase;
let snapshot: Snapshot;

beforeAll(async () => {
  database = await createTestDatabase({ postgis: false });
  snapshot = await openSnapshot(database.settings);
});
afterAll(async () => {
  await snapshot.close();
  await database.drop();
});

/** Has a shell script in pg_dump's place describe the database. */
async function dumpBy(script: string, signal?: AbortSignal): Promise<void> {
  const path = join(await tempFolder(), "pg_dump");
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const { settings } = database;
  await dumpToc({ settings, pgDumpPath: path, snapshot: snapshot.id, ...(signal === undefined ? {} : { signal }) });
}

const says = (...lines: readonly string[]): string => `${lines.map((line) => `echo '${line}' >&2`).join("\n")}\nexit 1`;

describe("a pg_dump that fails", () => {
  test.each([
    [
      "because of its version",
      says("pg_dump: error: aborting because of server version mismatch"),
      "pg-dump-too-old",
      4,
    ],
    [
      "at a lock",
      says(
        "pg_dump: error: query failed: ERROR:  canceling statement due to statement timeout",
        "pg_dump: detail: Query was: LOCK TABLE public.a, public.b IN ACCESS SHARE MODE",
      ),
      "tables-locked",
      4,
    ],
    [
      "for want of locks",
      says(
        "pg_dump: error: query failed: WARNING:  out of shared memory",
        "ERROR:  out of shared memory",
        "HINT:  You might need to increase max_locks_per_transaction.",
      ),
      "no-lock-space",
      4,
    ],
    ["at what it may not read", says("pg_dump: error: query failed: ERROR:  permission denied"), "not-readable", 4],
    [
      "at what was dropped",
      says(
        'pg_dump: error: query failed: ERROR:  relation "vector_layer.gone" does not exist',
        "pg_dump: detail: Query was: LOCK TABLE vector_layer.gone IN ACCESS SHARE MODE",
      ),
      "table-dropped",
      4,
    ],
    [
      "on a standby",
      says("pg_dump: error: query failed: ERROR:  canceling statement due to conflict with recovery"),
      "recovery-conflict",
      1,
    ],
    ["by a signal", "kill -KILL $$", "pg-dump-failed", 1],
    ["without a word", "exit 7", "pg-dump-failed", 1],
  ])("%s says so, with a next step", async (_, script, code, exitCode) => {
    const error = await errorOf(() => dumpBy(script));
    expect(error).toMatchObject({ code, exitCode, hints: expect.arrayContaining([expect.any(String)]) });
    if (code === "table-dropped") expect(error.message).toContain("vector_layer.gone");
  });

  test("is heard to its last word, however much it says", async () => {
    const error = await errorOf(() =>
      dumpBy("seq 9000 >&2\nexec >&-\nsleep 0.3\necho 'pg_dump: error: at last' >&2\nexit 1"),
    );
    expect(error.message).toContain("at last");
  });

  test.each([
    ["hangs", "exec sleep 100"],
    ["has stopped", "kill -STOP $$"],
    ["hangs without its output", "exec >&-\nsleep 100"],
    ["is deaf, and has others hold its output", "trap '' TERM\nsleep 30\nsleep 30"],
  ])("that %s does not keep an interruption waiting", async (_, script) => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("interrupted")), 300);
    await expect(dumpBy(script, abort.signal)).rejects.toThrow("interrupted");
  });
});
