import type { Client } from "../connection.ts";
import { sqlState } from "../connection-errors.ts";
import { localeClause } from "../database-locale.ts";
import { readDatabaseProperties } from "../database-properties.ts";
import { quoteIdentifier, quoteLiteral } from "../quoting.ts";

/** Encoding and order of texts in a database that an archive is of. */
export interface ArchiveLocale {
  encoding: string;
  collate: string;
  ctype: string;
}

/** What a server says of a locale that its system does not have, or that is of another encoding: 42809 and 22023. */
const noSuchLocale: ReadonlySet<string> = new Set(["42809", "22023"]);

/**
 * Makes an empty database in the encoding of an archive. The collation counts little: it is the order of texts.
 * @param client of a role that may make databases, in another one
 * @param locale undefined when the archive does not say: the server's own
 * @returns how it differs from the archive's own surroundings, so that people know
 * @throws the server's error when it does not make one
 */
export async function createLikeArchive(
  client: Client,
  name: string,
  owner: string,
  locale: ArchiveLocale | undefined,
): Promise<string[]> {
  if (locale === undefined) {
    await create(client, name, owner, "");
    return ["encoding and collation are this server's: the archive does not name its own"];
  }
  const { encoding, collate, ctype } = locale;
  const clause = (of: { collate: string; ctype: string }): string =>
    `ENCODING ${quoteLiteral(encoding)} LC_COLLATE ${quoteLiteral(of.collate)} LC_CTYPE ${quoteLiteral(of.ctype)}`;
  try {
    await create(client, name, owner, clause({ collate, ctype }));
    return [];
  } catch (error) {
    if (!noSuchLocale.has(sqlState(error))) throw error;
    await create(client, name, owner, clause({ collate: "C", ctype: "C" }));
    return [`texts are in the order of collation C: this system has no ${collate}`];
  }
}

/**
 * Makes an empty database in the encoding and collation of a template, so that a restore can copy that template for it.
 * @returns as {@link createLikeArchive}; undefined, and nothing is made, when the server has no such template
 */
export async function createLikeTemplate(
  client: Client,
  name: string,
  owner: string,
  template: string,
): Promise<string[] | undefined> {
  const properties = await readDatabaseProperties(client, template);
  if (properties === undefined) return undefined;
  await create(client, name, owner, localeClause(properties.locale));
  return [`encoding and collation are those of template ${template}`];
}

async function create(client: Client, name: string, owner: string, options: string): Promise<void> {
  await client.query(
    `CREATE DATABASE ${quoteIdentifier(name)} OWNER ${quoteIdentifier(owner)} TEMPLATE template0 ${options}`,
  );
}
