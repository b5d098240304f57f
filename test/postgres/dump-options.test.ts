import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPgDump } from "../../src/postgres/client-tools.ts";
import { serverVersionNumber } from "../../src/postgres/connection.ts";
import { dumpToc } from "../../src/postgres/dump-toc.ts";
import { type Snapshot, openSnapshot } from "../../src/postgres/snapshot.ts";
import type { Toc } from "../../src/postgres/toc.ts";
import { createTestDatabase, testCluster, type TestDatabase } from "../fixtures/postgres.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

let database: TestDatabase;
let snapshot: Snapshot;
let pgDump: string;

beforeAll(async () => {
  database = await createTestDatabase({ postgis: false });
  snapshot = await openSnapshot(database.settings);
  const major = Math.floor((await serverVersionNumber(snapshot.client)) / 10000);
  pgDump = (await findPgDump(major, database.settings.env, testCluster().binDir)).path;
});
afterAll(async () => {
  await snapshot.close();
  await database.drop();
});

/** Runs pg_dump behind a program that notes its options; gives what it noted. */
async function dumpBehind(script: string, options?: string): Promise<{ toc: Toc; noted: string[] }> {
  const folder = await tempFolder();
  const path = join(folder, "pg_dump");
  const notes = join(folder, "notes");
  await writeFile(path, `#!/bin/sh\necho "$PGOPTIONS" >> '${notes}'\n${script}\nexec '${pgDump}' "$@"\n`);
  await chmod(path, 0o755);
  const { settings } = database;
  const toc = await dumpToc({
    settings: { ...settings, env: { ...settings.env, PGOPTIONS: options } },
    pgDumpPath: path,
    snapshot: snapshot.id,
  });
  return { toc, noted: (await readFile(notes, "utf8")).split("\n").slice(0, -1) };
}

describe("pg_dump's options of the session", () => {
  it("turn JIT off, and leave the administrator's own in place", async () => {
    expect((await dumpBehind("")).noted).toEqual(["-c standard_conforming_strings=on -c jit=off"]);
    const { toc, noted } = await dumpBehind("", "-c jit=on -c work_mem=8MB");
    expect(noted).toEqual(["-c standard_conforming_strings=on -c jit=off -c jit=on -c work_mem=8MB"]);
    expect(toc.databaseName).toBe(database.name);
  });

  it.each([
    "FATAL:  unsupported startup parameter: options",
    "FATAL:  unsupported startup parameter in options: jit",
    'FATAL:  unrecognized configuration parameter "jit"',
  ])("are left out where the other side says %s", async (complaint) => {
    const refusal = `case "$PGOPTIONS" in *jit*) echo 'pg_dump: error: connection failed: ${complaint}' >&2; exit 1;; esac`;
    const { toc, noted } = await dumpBehind(refusal);
    expect(noted).toEqual(["-c standard_conforming_strings=on -c jit=off", ""]);
    expect(toc.databaseName).toBe(database.name);
  });

  it("are not to blame for other failures", async () => {
    await expect(dumpBehind("echo 'pg_dump: error: no way' >&2; exit 1")).rejects.toMatchObject({
      code: "pg-dump-failed",
      message: "pg_dump could not describe the database (exit code 1): no way",
    });
  });
});
