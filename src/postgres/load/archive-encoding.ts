import { messageOf } from "../../errors.ts";
import type { Finding } from "../../finding.ts";
import type { Client } from "../connection.ts";
import { quoteLiteral } from "../quoting.ts";
import type { Toc } from "../toc.ts";
import { textsOf } from "./load-session.ts";

/** Encoding of the database that an archive is of, which that of its texts need not be; undefined when it does not say. */
function encodingOfSource({ entries }: Toc): string | undefined {
  const definition = entries.find(({ description }) => description === "DATABASE")?.definition ?? "";
  return /\bENCODING = '([^']+)'/.exec(definition)?.[1];
}

/**
 * Whether the server can turn the texts of an archive into those of the database that it goes to, as it does for pg_restore:
 * what has no place in the other encoding ends the restore before the switch.
 * @param client connected to the database that is replaced, whose encoding its successor has too; put back as it was
 * @param toc undefined: there is no archive, and only the encoding is told
 */
export async function checkEncoding(client: Client, toc: Toc | undefined): Promise<Finding> {
  const check = "encoding";
  const { rows } = await client.query<{ encoding: string; collate: string }>(
    `SELECT pg_catalog.pg_encoding_to_char(encoding) AS encoding, datcollate AS collate
       FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()`,
  );
  const { encoding: database = "", collate = "" } = rows[0] ?? {};
  const own: Finding = { level: "ok", check, message: `encoding ${database}, collation ${collate}` };
  if (toc === undefined || !toc.entries.some(({ description }) => description === "ENCODING")) return own;
  const { encoding: texts } = textsOf(toc);
  const source = encodingOfSource(toc) ?? texts;
  if (source === database) return own;
  const refusal = await whyNotReadable(client, texts);
  const hint = `restore into a database with encoding ${source}`;
  if (refusal !== undefined)
    return {
      level: "fail",
      check,
      message: `the archive's texts are in ${texts}, and the database is in ${database}: ${refusal}`,
      hint,
    };
  return {
    level: "warn",
    check,
    message: `the archive is of a database in ${source}, and this one is in ${database}: a text that has no place in it ends the restore, and then nothing is changed`,
    hint,
  };
}

/** What the server says against taking texts of an encoding. */
async function whyNotReadable(client: Client, encoding: string): Promise<string | undefined> {
  await client.query("BEGIN");
  try {
    await client.query(`SET LOCAL client_encoding = ${quoteLiteral(encoding)}`);
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    await client.query("ROLLBACK");
  }
}
