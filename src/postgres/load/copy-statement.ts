import { DamagedError } from "../../errors.ts";

const word = String.raw`[\p{L}_][\p{L}\p{N}_$]*`;
const name = String.raw`(?:${word}|"(?:[^"\0]|"")+")`;
const statement = new RegExp(String.raw`^COPY ${name}\.${name} (?:\(${name}(?:, ${name})*\) | )?FROM stdin;\n?$`, "u");

/**
 * Gives back the statement that a table's rows are sent to, when it is what pg_dump writes and nothing else:
 * `COPY schema.table (column, ...) FROM stdin;`. Anything more (a file, a program, a second statement) would run with the
 * rights of the role as soon as rows are loaded.
 * @param label the entry, for the message
 * @throws DamagedError when it is missing or something else
 */
export function checkCopyStatement(text: string | null, label: string): string {
  if (text === null || text.trim() === "") {
    throw new DamagedError("no-copy-statement", `${label} has no COPY statement`, {
      hints: ["archives made by pg_dump --inserts cannot be restored; use pg_restore for them"],
    });
  }
  if (!statement.test(text)) {
    const shown = text.length > 200 ? `${text.slice(0, 200)}...` : text;
    throw new DamagedError(
      "bad-copy-statement",
      `${label} has ${JSON.stringify(shown)} where COPY schema.table (columns) FROM stdin is expected`,
    );
  }
  return text.trim().replace(/;$/, "");
}
