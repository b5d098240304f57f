import { afterEach, beforeEach, expect, test } from "vitest";
import { createLikeArchive, createLikeTemplate } from "../../../src/postgres/drill/drill-database.ts";
import { newDrillName } from "../../../src/postgres/drill/drill-names.ts";
import { type TestDatabase, createTestDatabase, withClient } from "../../fixtures/postgres.ts";

let database: TestDatabase;
let name: string;

beforeEach(async () => {
  database = await createTestDatabase({ postgis: false, createDb: true });
  name = newDrillName();
});
afterEach(() => database.drop());

/** Runs something as the role, and tells what the new database is like; undefined when there is none. */
async function make<T>(action: (client: Parameters<typeof createLikeArchive>[0]) => Promise<T>) {
  return await withClient({ ...database.settings, database: "postgres" }, async (client) => {
    const notes = await action(client);
    const { rows } = await client.query<{ encoding: string; collate: string }>(
      "SELECT pg_encoding_to_char(encoding) AS encoding, datcollate AS collate FROM pg_database WHERE datname = $1",
      [name],
    );
    return { notes, made: rows[0] };
  });
}

test("encoding and collation are the archive's", async () => {
  const locale = { encoding: "SQL_ASCII", collate: "C", ctype: "C" };
  const { notes, made } = await make((client) => createLikeArchive(client, name, database.role, locale));
  expect({ notes, made }).toEqual({ notes: [], made: { encoding: "SQL_ASCII", collate: "C" } });
});

test("a collation that the system does not have becomes C, and that is said", async () => {
  const locale = { encoding: "UTF8", collate: "tlh_QO.UTF-8", ctype: "tlh_QO.UTF-8" };
  const { notes, made } = await make((client) => createLikeArchive(client, name, database.role, locale));
  expect(notes).toEqual(["texts are in the order of collation C: this system has no tlh_QO.UTF-8"]);
  expect(made).toEqual({ encoding: "UTF8", collate: "C" });
});

test("any other refusal is the server's own, and nothing else is tried", async () => {
  const locale = { encoding: "UTF8", collate: "C", ctype: "C" };
  await expect(make((client) => createLikeArchive(client, name, "nobody_there", locale))).rejects.toThrow(
    'role "nobody_there" does not exist',
  );
});

test("what is made for a template has its encoding and collation; one that is not there makes nothing", async () => {
  const missing = await make((client) => createLikeTemplate(client, name, database.role, "nothing_there"));
  expect(missing).toEqual({ notes: undefined, made: undefined });
  await make((client) =>
    client.query(
      `CREATE DATABASE ${database.name}_latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`,
    ),
  );
  const { notes, made } = await make((client) =>
    createLikeTemplate(client, name, database.role, `${database.name}_latin`),
  );
  expect(notes).toEqual([`encoding and collation are those of template ${database.name}_latin`]);
  expect(made).toEqual({ encoding: "LATIN1", collate: "C" });
});
