import { expect, test } from "vitest";
import { dumpToFolder, openDumpFolder } from "../../fixtures/dump-folder-source.ts";
import { createTestDatabase, withClient } from "../../fixtures/postgres.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { besideOptions, fingerprintDatabase, restoreBeside } from "./helpers.ts";

test.each([true, false])(
  "an extension stands in the schema that it had, with the role's tables (superuser %s)",
  async (superuser) => {
    const database = await createTestDatabase({ postgis: false, superuser, createDb: true });
    try {
      await withClient(database.settings, (client) =>
        client.query(`
        CREATE SCHEMA "of ""its"" own"; CREATE EXTENSION hstore SCHEMA "of ""its"" own";
        CREATE TABLE "of ""its"" own".t AS SELECT 'a=>1'::"of ""its"" own".hstore AS h`),
      );
      const source = await openDumpFolder(await dumpToFolder(database.settings, `${await tempFolder()}/dump`));
      const before = await fingerprintDatabase(database.settings);
      await restoreBeside(besideOptions(database.settings, source));
      expect(await fingerprintDatabase(database.settings)).toEqual(before);
    } finally {
      await database.drop();
    }
  },
);
