import { describe, expect, test } from "vitest";
import { clearLeftovers, findPrevious, undoSideBySide } from "../../../src/postgres/side-by-side/kept-databases.ts";
import { preflightSideBySide } from "../../../src/postgres/side-by-side/preflight.ts";
import { extractDump, openDumpFolder } from "../../fixtures/dump-folder-source.ts";
import { goldenArchives } from "../../fixtures/golden.ts";
import { createTestDatabase, withClient } from "../../fixtures/postgres.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { createReadyDatabase, databasesOf } from "./databases.ts";
import { besideOptions, fingerprintDatabase, restoreBeside } from "./helpers.ts";

describe.skipIf(goldenArchives.length === 0).each(goldenArchives)("golden archive $name", (golden) => {
  test.each(["an ordinary role", "a superuser", "an administrator beside"])(
    "restores side by side as %s, and is undone",
    async (way) => {
      const database =
        way === "an ordinary role"
          ? await createReadyDatabase()
          : await createTestDatabase({ superuser: way === "a superuser" });
      try {
        await withClient(database.settings, (client) =>
          client.query(`CREATE TABLE later (id serial PRIMARY KEY); INSERT INTO later DEFAULT VALUES;
                        CREATE SEQUENCE free_seq; CREATE TABLE resource (other text)`),
        );
        const before = await fingerprintDatabase(database.settings);
        const source = await openDumpFolder(await extractDump(golden.path, await tempFolder()));
        const admin = way === "an administrator beside" ? { ...database.admin, database: "postgres" } : undefined;
        const options = besideOptions(database.settings, source, { admin });
        const findings = await preflightSideBySide(options);
        expect(findings.filter(({ level }) => level === "fail")).toEqual([]);

        const runId = await restoreBeside(options);
        const { tables, sequences, objects } = golden.expected();
        expect(await fingerprintDatabase(database.settings)).toEqual({ tables, sequences, objects });
        expect(await findPrevious(options)).toMatchObject([{ runId, keepUntil: undefined }]);

        expect(await undoSideBySide(options)).toBe(runId);
        expect(await fingerprintDatabase(database.settings)).toEqual(before);
        expect(await databasesOf(database)).toEqual([database.name]);
        expect(await clearLeftovers(options)).toEqual([]);
      } finally {
        await database.drop();
      }
    },
  );
});
