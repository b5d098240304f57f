import { describe, expect, test } from "vitest";
import type { Finding } from "../../../src/finding.ts";
import type { DumpSource } from "../../../src/postgres/load/dump-source.ts";
import { decodeDatabaseMarker, encodeDatabaseMarker } from "../../../src/postgres/side-by-side/database-marker.ts";
import { besideName } from "../../../src/postgres/side-by-side/database-names.ts";
import { preflightSideBySide } from "../../../src/postgres/side-by-side/preflight.ts";
import { describeSession } from "../../../src/postgres/sessions.ts";
import { dumpToFolder, openDumpFolder } from "../../fixtures/dump-folder-source.ts";
import { createTestDatabase, type TestDatabase, withClient } from "../../fixtures/postgres.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { createReadyDatabase } from "./databases.ts";
import { besideOptions, fingerprintDatabase, restoreBeside } from "./helpers.ts";

async function dumpOf(database: TestDatabase): Promise<DumpSource> {
  return await openDumpFolder(await dumpToFolder(database.settings, `${await tempFolder()}/dump`));
}

function level(findings: readonly Finding[], check: string): string | undefined {
  return findings.find((finding) => finding.check === check)?.level;
}

describe("the preflight", () => {
  test("finds nothing against a ready instance, and follows its own remedy to make one ready", async () => {
    const database = await createTestDatabase();
    try {
      await withClient(database.settings, (client) => client.query("CREATE TABLE state AS SELECT 1 AS n"));
      const source = await dumpOf(database);
      const options = besideOptions(database.settings, source);
      const findings = await preflightSideBySide(options);
      const failed = findings.filter((finding) => finding.level === "fail");
      expect(failed.map(({ check }) => check)).toEqual(["createdb", "template"]);
      expect(failed[1]?.details).toContainEqual(expect.stringContaining("spatial_ref_sys does not belong to role"));
      await followHint(database, failed[0]?.hint ?? "");
      const ready = await preflightSideBySide(options);
      expect(ready.filter((finding) => finding.level !== "ok")).toEqual([]);
      const before = await fingerprintDatabase(database.settings);
      await restoreBeside(options);
      expect(await fingerprintDatabase(database.settings)).toEqual(before);
    } finally {
      await database.drop();
    }
  });

  test("names sessions, other owners, what stays behind, and a template that will not do", async () => {
    const database = await createReadyDatabase({ template: false });
    try {
      const source = await dumpOf(database);
      await withClient(database.settings, (client) =>
        client.query("CREATE SCHEMA own; CREATE PUBLICATION news; CREATE EXTENSION pg_trgm"),
      );
      await withClient({ ...database.admin, database: "postgres" }, (client) =>
        client.query(`ALTER DATABASE ${database.name} OWNER TO ${client.user}`),
      );
      await withClient(database.admin, async () => {
        const options = { ...besideOptions(database.settings, source), template: "template1" };
        const findings = await preflightSideBySide(options);
        expect(findings.filter((finding) => finding.level === "fail").map(({ check }) => check)).toEqual([
          "owner",
          "template",
          "sessions",
        ]);
        expect(findings.find(({ check }) => check === "sessions")?.details).toEqual([
          expect.stringMatching(/^pid \d+ /),
        ]);
        expect(findings.find(({ check }) => check === "template")?.details).toContain("template1: it lacks postgis");
        expect(findings.find(({ check }) => check === "belongings")?.details).toEqual([
          "schema own",
          "extension pg_trgm",
          "publication news",
        ]);
      });
    } finally {
      await database.drop();
    }
  });

  test("a superuser installs no extension on an archive's word alone", async () => {
    const database = await createTestDatabase({ superuser: true });
    try {
      const source = await dumpOf(database);
      const postgis = source.toc.entries.find(({ tag }) => tag === "postgis");
      if (postgis === undefined) throw new Error("the dump has no extension");
      const evil = { ...postgis, dumpId: 99999, tag: "file_fdw" };
      const options = besideOptions(database.settings, {
        ...source,
        toc: { ...source.toc, entries: [...source.toc.entries, evil] },
      });
      expect(level(await preflightSideBySide(options), "template")).toBe("fail");
      await expect(restoreBeside(options)).rejects.toMatchObject({ code: "no-template", exitCode: 4 });
    } finally {
      await database.drop();
    }
  });
});

test("a session is described as the command line promises", () => {
  expect(
    describeSession({
      pid: 4711,
      application: "nextgisweb",
      role: "ngw",
      address: "127.0.0.1",
      state: "idle",
      since: "2026-11-23 10:02:11 UTC",
      isSuperuser: false,
      mayTerminate: true,
    }),
  ).toBe("pid 4711  nextgisweb  127.0.0.1  idle since 2026-11-23 10:02:11 UTC");
});

test("names of databases fit the server and stay apart", () => {
  const at = new Date("2026-11-24T01:02:03Z");
  expect(besideName("ngw", "restore", at, "abc123")).toBe("ngw_restore_20261124010203_abc123");
  const long = besideName("ö".repeat(31), "previous", at, "abcdefghijklmnopqrst");
  expect(Buffer.byteLength(long)).toBeLessThanOrEqual(63);
  expect(long).toMatch(/^ö+_previous_20261124010203_abcdefghijklmnopqrst$/);
});

test("a marker survives its comment, and other comments are none", () => {
  const marker = {
    kind: "previous" as const,
    runId: "abc123",
    of: "n\"g'w",
    createdAt: "2026-11-24T01:02:03.000Z",
    keepUntil: null,
    pid: 7,
    startedAt: "1.5",
    comment: "it's \\ ours",
  };
  expect(decodeDatabaseMarker(encodeDatabaseMarker(marker))).toEqual(marker);
  for (const text of [
    null,
    "",
    "ngwbackup: ",
    "ngwbackup: 7",
    "ngwbackup: null",
    'ngwbackup: {"kind":"other"}',
    "ours",
  ]) {
    expect(decodeDatabaseMarker(text)).toBeUndefined();
  }
});

/** Runs the remedy that a finding gives, as an administrator would paste it into psql. */
async function followHint(database: TestDatabase, hint: string): Promise<void> {
  let name = "postgres";
  for (const line of hint.split("\n")) {
    const [, other] = /^\\connect "(.*)"$/.exec(line) ?? [];
    if (other !== undefined) name = other;
    else await withClient({ ...database.admin, database: name }, (client) => client.query(line));
  }
}
