import { differences } from "../../../src/demo/differences.ts";
import { type DatabaseFingerprint, fingerprintDatabase } from "../../../src/demo/fingerprint.ts";
import { quoteIdentifier } from "../../../src/postgres/quoting.ts";
import { withClient } from "../../fixtures/postgres.ts";
import type { TestInstance } from "../../fixtures/test-instance.ts";
import type { Random } from "../random.ts";
import { awkwardNames } from "./awkward-names.ts";
import { codeFeatures } from "./code-features.ts";
import { databaseFeatures } from "./database-features.ts";
import type { Feature } from "./feature.ts";
import { schemaDump } from "./schema-dump.ts";
import { tableFeatures } from "./table-features.ts";
import { wideListing } from "./wide-listing.ts";

/** Everything that a case may draw. */
export const allFeatures: readonly Feature[] = [...tableFeatures, ...codeFeatures, ...databaseFeatures];

/** How an instance is filled. */
export interface Filling {
  random: Random;
  features: readonly Feature[];
  reader: string;
  other: string;
}

/** Makes some features in an instance: half of them in schema `public`, the others in schemas of awkward names. */
export async function fill({ database }: TestInstance, { random, features, reader, other }: Filling): Promise<void> {
  const names = awkwardNames(random);
  const own = [names("schema"), names("schema")];
  await addExtensions(database.admin, features);
  await withClient(database.settings, async (client) => {
    for (const schema of own) await client.query(`CREATE SCHEMA ${schema}`);
    for (const feature of features) {
      const schema = random.below(2) === 0 && feature.name !== "comments and statistics" ? "public" : random.oneOf(own);
      const sql = feature.sql({ names, schema, reader, other, random });
      await client.query(sql).catch((cause: unknown) => {
        throw new Error(`${feature.name} cannot be made: ${(cause as Error).message}\n${sql}`, { cause });
      });
    }
  });
}

/** Gives an instance the extensions of another, each in the schema that it has there, as an administrator does. */
export async function copyExtensions(from: TestInstance, to: TestInstance): Promise<void> {
  const { rows } = await withClient(from.database.admin, (client) =>
    client.query<{ name: string; schema: string }>(
      `SELECT extname AS name, nspname AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
        WHERE extname <> 'plpgsql'`,
    ),
  );
  await withClient(to.database.admin, async (client) => {
    for (const { name, schema } of rows) {
      await client.query(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)} AUTHORIZATION ${to.database.role}`);
      await client.query(`CREATE EXTENSION ${quoteIdentifier(name)} WITH SCHEMA ${quoteIdentifier(schema)}`);
    }
  });
}

/** Installs the extensions that features need, as an administrator does. */
async function addExtensions(admin: TestInstance["database"]["admin"], features: readonly Feature[]): Promise<void> {
  const wanted = new Set(features.flatMap(({ extensions = [] }) => extensions));
  await withClient(admin, async (client) => {
    for (const name of wanted)
      await client.query(`CREATE EXTENSION IF NOT EXISTS ${quoteIdentifier(name)} WITH SCHEMA public`);
  });
}

/** Everything that there is to say about what an instance's database holds. */
export interface WholeState {
  fingerprint: DatabaseFingerprint;
  listing: readonly string[];
  dump: readonly string[];
}

/** Takes it all. */
export async function stateOf({ database }: TestInstance, binDir: string): Promise<WholeState> {
  return {
    fingerprint: await fingerprintDatabase(database.admin),
    listing: await wideListing(database.admin),
    dump: await schemaDump(database.admin, binDir),
  };
}

/** What two states disagree about, a line each. */
export function stateDifferences(expected: WholeState, found: WholeState): string[] {
  // the fingerprint lists functions in the order in which they were made
  const { functions: _, ...objects } = expected.fingerprint.objects;
  const { functions: __, ...foundObjects } = found.fingerprint.objects;
  return [
    ...differences({ ...expected.fingerprint, objects }, { ...found.fingerprint, objects: foundObjects }),
    ...listDifferences("listing", expected.listing, found.listing),
    ...listDifferences("pg_dump", expected.dump, found.dump),
  ];
}

function listDifferences(what: string, expected: readonly string[], found: readonly string[]): string[] {
  const [before, after] = [new Set(expected), new Set(found)];
  return [
    ...expected.filter((line) => !after.has(line)).map((line) => `${what} lacks: ${line.slice(0, 600)}`),
    ...found.filter((line) => !before.has(line)).map((line) => `${what} has: ${line.slice(0, 600)}`),
  ];
}
