import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { nextgisweb } from "../../../src/applications/nextgisweb.ts";
import type { RefusedError } from "../../../src/errors.ts";
import { type PinnedSnapshotOptions, takePinnedSnapshot } from "../../../src/operations/backup/pinned-snapshot.ts";
import { type Client, connect } from "../../../src/postgres/connection.ts";
import { createTestDatabase } from "../../fixtures/postgres.ts";
import { errorOf } from "../../fixtures/streams.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";

/** With a database that has a table of blobs, a session of it, and how to take a snapshot of it. */
async function withBlobs(action: (client: Client, options: PinnedSnapshotOptions) => Promise<void>): Promise<void> {
  const database = await createTestDatabase({ postgis: false });
  const folder = await tempFolder();
  await mkdir(join(folder, "blobs"));
  const client = await connect(database.settings);
  try {
    await client.query("CREATE TABLE fileobj (id integer, component text, uuid text, size bigint)");
    await action(client, {
      settings: database.settings,
      application: nextgisweb,
      folders: {
        blobFolder: join(folder, "blobs"),
        dataFolder: folder,
        fontFolder: undefined,
        tileCacheFolder: undefined,
      },
      runId: "run1",
      pid: 1,
      makers: {
        hold: () => Promise.reject(new Error("nothing is to be pinned")),
        link: () => Promise.resolve(undefined),
      },
      signal: new AbortController().signal,
    });
  } finally {
    await client.end();
    await database.drop();
  }
}

const otherSessions = "SELECT 1 FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()";

test("a session that ends while it waits for the blobs' table ends the snapshot with it", async () => {
  await withBlobs(async (uploader, options) => {
    await uploader.query("BEGIN; INSERT INTO fileobj VALUES (1, 'a', 'b', 1)");
    const taken = errorOf(() => takePinnedSnapshot(options));
    for (let ended = 0; ended === 0; await sleep(20)) {
      const { rows } = await uploader.query(
        `SELECT pg_terminate_backend(l.pid) FROM pg_locks l
          WHERE l.relation = 'fileobj'::regclass AND l.mode = 'ShareLock' AND NOT l.granted`,
      );
      ended = rows.length;
    }
    expect((await taken).message).toMatch(/terminat|connection/i);
    expect((await uploader.query(otherSessions)).rows).toEqual([]);
  });
});

test("whoever keeps the blobs' table to himself is named, and not waited for without end", async () => {
  await withBlobs(async (holder, options) => {
    await holder.query("BEGIN; LOCK TABLE fileobj IN ACCESS EXCLUSIVE MODE");
    const error = await errorOf(() => takePinnedSnapshot(options));
    expect(error).toMatchObject({ code: "tables-locked", exitCode: 4 });
    expect((error as RefusedError).details.join("\n")).toMatch(/public\.fileobj: pid \d+/);
    expect((await holder.query(otherSessions)).rows).toEqual([]);
  });
}, 240_000);
