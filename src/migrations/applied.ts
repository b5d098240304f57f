import { DamagedError } from "../errors.ts";
import { decodeCopyText } from "./copy-text.ts";
import { type AppliedRevision } from "./migration.ts";

/** More rows than this are not the applied migrations of any installation. */
const maxRows = 100_000;

/** The columns in a COPY statement as pg_dump writes it: `COPY public.core_migration (component, revision) FROM stdin;`. */
const columnList = /^COPY [\s\S]*?\(([^()]*)\) FROM stdin;\s*$/;

/**
 * Reads the applied migrations from the rows of `core_migration` in an archive.
 * @param copyStatement of the table's entry in the table of contents; tells the order of columns
 * @param source the entry's COPY text, decompressed, in any pieces
 * @param label what is read, for messages
 * @throws DamagedError when the columns or rows are not what they must be
 */
export async function readAppliedRevisions(
  copyStatement: string,
  source: AsyncIterable<Uint8Array>,
  label: string,
): Promise<AppliedRevision[]> {
  const columns = copyColumns(copyStatement);
  const componentAt = columns?.indexOf("component") ?? -1;
  const revisionAt = columns?.indexOf("revision") ?? -1;
  if (columns === undefined || componentAt < 0 || revisionAt < 0)
    throw damaged(label, "columns component and revision", JSON.stringify(copyStatement.slice(0, 200)));
  const applied: AppliedRevision[] = [];
  for await (const row of decodeCopyText(source, label)) {
    const component = row[componentAt];
    const revision = row[revisionAt];
    if (row.length !== columns.length || typeof component !== "string" || typeof revision !== "string")
      throw damaged(label, `rows of ${columns.length} fields, none null`, JSON.stringify(row).slice(0, 200));
    applied.push({ component, revision });
    if (applied.length > maxRows) throw damaged(label, `at most ${maxRows} rows`, "more");
  }
  return applied;
}

/** The columns of a COPY statement, in order; undefined for what is none. Names that hold a comma or a bracket are not ours. */
export function copyColumns(copyStatement: string): string[] | undefined {
  return columnList
    .exec(copyStatement)?.[1]
    ?.split(",")
    .map((column) => column.trim().replace(/^"(.*)"$/, "$1"));
}

function damaged(label: string, expected: string, found: string): DamagedError {
  return new DamagedError("applied-migrations", `${label} is damaged: expected ${expected}, found ${found}`);
}
