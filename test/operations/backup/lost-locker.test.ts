import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { nextgisweb } from "../../../src/applications/nextgisweb.ts";
import { takePinnedSnapshot } from "../../../src/operations/backup/pinned-snapshot.ts";
import { connect } from "../../../src/postgres/connection.ts";
import { createTestDatabase } from "../../fixtures/postgres.ts";
import { errorOf } from "../../fixtures/streams.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";

test("a session that ends while it waits for the blobs' table ends the snapshot with it", async () => {
  const database = await createTestDatabase({ postgis: false });
  const folder = await tempFolder();
  await mkdir(join(folder, "blobs"));
  const uploader = await connect(database.settings);
  try {
    await uploader.query("CREATE TABLE fileobj (id integer, component text, uuid text, size bigint)");
    await uploader.query("BEGIN; INSERT INTO fileobj VALUES (1, 'a', 'b', 1)");
    const taken = errorOf(() =>
      takePinnedSnapshot({
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
      }),
    );
    for (let ended = 0; ended === 0; await sleep(20)) {
      const { rows } = await uploader.query(
        `SELECT pg_terminate_backend(l.pid) FROM pg_locks l
          WHERE l.relation = 'fileobj'::regclass AND l.mode = 'ShareLock' AND NOT l.granted`,
      );
      ended = rows.length;
    }
    expect((await taken).message).toMatch(/terminat|connection/i);
    const { rows } = await uploader.query(
      "SELECT 1 FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()",
    );
    expect(rows).toEqual([]);
  } finally {
    await uploader.end();
    await database.drop();
  }
});
