import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { differences } from "../../../src/demo/differences.ts";
import type { Fingerprint } from "../../../src/demo/fingerprint.ts";
import { withClient } from "../../fixtures/postgres.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import type { TestInstance } from "../../fixtures/test-instance.ts";

/** Tables that are large enough to be cut, one with values stored apart; ids are gaps of 10 so that rows fit in between. */
export const largeTablesSql = `
  CREATE TABLE large (id integer PRIMARY KEY, name text, value double precision);
  INSERT INTO large SELECT n * 10, 'row ' || n || ' ' || repeat(md5(n::text), 8), n / 7.0 FROM generate_series(1, 100000) n;
  CREATE TABLE apart (id integer PRIMARY KEY, value text);
  ALTER TABLE apart ALTER value SET STORAGE EXTERNAL;
  INSERT INTO apart SELECT n, (SELECT string_agg(md5((n * 1000 + i)::text), '') FROM generate_series(1, 300) i)
    FROM generate_series(1, 1500) n;
  CREATE TABLE small_one (id integer, note text); INSERT INTO small_one VALUES (1, 'one'), (2, 'two');
  CREATE TABLE small_two (id integer, note text); INSERT INTO small_two VALUES (1, 'one');
  CREATE TABLE doubled (note text); INSERT INTO doubled SELECT repeat('same', 50) FROM generate_series(1, 25000);
  SELECT lo_from_bytea(4711, decode(repeat(md5('large'), 100000), 'hex')), lo_from_bytea(4712, '\\x00'), lo_from_bytea(4713, '');
  CREATE TABLE gone (id integer); INSERT INTO gone VALUES (1);`;

/** Runs SQL, statement by statement as far as VACUUM wants it, as the instance's role. */
export async function sql({ database }: TestInstance, ...statements: string[]): Promise<void> {
  await withClient(database.settings, async (client) => {
    for (const statement of statements) await client.query(statement);
  });
}

/** Adds a file as the application does: file and row. */
export async function addBlob(instance: TestInstance, sizeBytes: number): Promise<string> {
  const uuid = randomBytes(16).toString("hex");
  const path = blobFile(instance, uuid);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, randomBytes(sizeBytes));
  await sql(instance, `INSERT INTO fileobj (component, uuid, size) VALUES ('extra', '${uuid}', ${sizeBytes})`);
  return uuid;
}

/** Removes one that {@link addBlob} added. */
export async function removeBlob(instance: TestInstance, uuid: string): Promise<void> {
  await sql(instance, `DELETE FROM fileobj WHERE uuid = '${uuid}'`);
  rmSync(blobFile(instance, uuid));
}

/** Where a blob of {@link addBlob} stands. */
export function blobFile({ sdir }: TestInstance, uuid: string): string {
  return join(sdir, "file_storage", "extra", uuid.slice(0, 2), uuid.slice(2, 4), uuid);
}

/** Backs up to a file, and gives its path. @throws when the program does not end with 0 */
export async function backupTo(instance: TestInstance, path: string, ...flags: string[]): Promise<string> {
  const result = await runCli(["backup", ...instance.config, "--one-shot", ...flags, path]);
  if (result.exitCode !== 0) throw new Error(`backup ended with ${result.exitCode}: ${result.stderr}`);
  return path;
}

/** What differs, but for the rows that no backup holds. */
export function realDifferences(expected: Fingerprint, found: Fingerprint): string[] {
  const transient = /auth_oauth_[ap]token|pyramid_session|tile_cache\./;
  return differences(expected, found).filter((line) => !transient.test(line));
}
