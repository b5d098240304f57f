import type { Client } from "../connection.ts";
import { quoteLiteral } from "../quoting.ts";
import type { Toc } from "../toc.ts";

/** How the texts of an archive are to be read: its statements and rows alike. */
export interface ArchiveTexts {
  /** As PostgreSQL names it: `UTF8`, `SQL_ASCII`, `LATIN1`. */
  encoding: string;
  /** Whether a backslash in a plain string literal is a backslash. */
  standardStrings: boolean;
}

const usualTexts: ArchiveTexts = { encoding: "UTF8", standardStrings: true };

/** What the entries ENCODING and STDSTRINGS of a table of contents say, which pg_dump always writes. */
export function textsOf({ entries }: Pick<Toc, "entries">): ArchiveTexts {
  const valueOf = (description: string): string | undefined =>
    /'([^']*)'/.exec(entries.find((entry) => entry.description === description)?.definition ?? "")?.[1];
  return {
    encoding: valueOf("ENCODING") ?? usualTexts.encoding,
    standardStrings: valueOf("STDSTRINGS") !== "off",
  };
}

const sessionSql = `
SET search_path = '';
SET check_function_bodies = false;
SET xmloption = content;
SET array_nulls = on;
SET row_security = off;
SET client_min_messages = warning;
SET synchronize_seqscans = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings
 WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout');
`;

/**
 * Sets a session up as pg_dump's statements expect it: names are all qualified, texts are read as the archive says, bodies of
 * functions are not checked, nothing times out. Within a transaction that rolls back, the settings roll back with it.
 * @param texts of the archive; UTF-8 with standard strings when left out
 */
export async function setUpLoadSession(client: Client, texts: ArchiveTexts = usualTexts): Promise<void> {
  await client.query(`${sessionSql}${textSettings(texts)}`);
}

/** Has a session read our own texts again, after {@link setUpLoadSession} for those of an archive. */
export async function readOwnTexts(client: Client): Promise<void> {
  await client.query(textSettings(usualTexts));
}

function textSettings({ encoding, standardStrings }: ArchiveTexts): string {
  return `SET client_encoding = ${quoteLiteral(encoding)}; SET standard_conforming_strings = ${standardStrings ? "on" : "off"}`;
}
