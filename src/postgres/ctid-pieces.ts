import { type Client, serverVersionNumber } from "./connection.ts";
import { qualifiedName } from "./quoting.ts";
import { heapAndToastBytes } from "./table-size.ts";
import type { Toc, TocEntry } from "./toc.ts";

/** Rows that one COPY brings: a whole table, or those of a range of its pages. */
export interface TablePiece {
  /** Of the TABLE DATA entry. */
  dumpId: number;
  /** Of the table in the catalogs. */
  oid: number;
  /** File of the heap as the snapshot's catalogs have it, another one after each rewrite; null for what has none. */
  filenode: number | null;
  schema: string;
  name: string;
  /** About the bytes of heap and TOAST that it reads. */
  sizeBytes: number;
  /** Whether the size says what it holds: a foreign table's, or one of another access method, says nothing. */
  isHeap: boolean;
  /** Pages of a piece of this table, which is cut there as far as it goes; 0 for one that is not cut whatever its size. */
  piecePages: number;
  /** Which piece of its table, from 0. */
  place: number;
  /** Bytes of the pages that it is, without TOAST. */
  heapBytes: number;
  /** Which of the table's rows: `WHERE ...`; "" for all. */
  where: string;
  /** See {@link copyColumns}. */
  columns: string;
  copySql: string;
}

/** How {@link planPieces} cuts. */
export interface PieceOptions {
  /** About what one piece reads at most. */
  pieceBytes: number;
  /**
   * Pages of a piece when a table was cut before: the same places are taken again as long as the pieces have about the size
   * that is wanted, so that what has not changed comes in the same blocks.
   */
  cutBefore?: (schema: string, name: string) => number | undefined;
  /** Entries, by dump id, that are no longer to be read. */
  without?: { has(dumpId: number): boolean };
}

interface TableSize {
  schema: string;
  name: string;
  oid: number;
  filenode: number | null;
  /** Of the heap alone. */
  pages: number;
  heapBytes: number;
  /** With TOAST. */
  sizeBytes: number;
  /** `WHERE ...` of an extension's table, "" where all its rows count, null for a table of no extension. */
  condition: string | null;
  /** Whether it is an ordinary table, whose rows are found by ctid. */
  isHeap: boolean;
}

/** The column list of an entry's `COPY schema.table (columns) FROM stdin;`, as pg_dump writes it; "" for a table without columns. */
export function copyColumns(entry: TocEntry): string {
  const statement = entry.copyStatement ?? "";
  const start = columnListStart(statement);
  const end = statement.lastIndexOf(") FROM stdin");
  return start === -1 || end < start ? "" : statement.slice(start + 1, end).trim();
}

/**
 * The statement that reads a whole table.
 * @param columns its list as {@link copyColumns} gives it
 */
export function copyStatement(schema: string, name: string, columns: string): string {
  const table = qualifiedName(schema, name);
  return columns === "" ? `COPY ${table} TO STDOUT` : `COPY ${table} (${columns}) TO STDOUT`;
}

/** Where the column list begins: the first `(` outside of quoted names. */
function columnListStart(statement: string): number {
  let quoted = false;
  for (let index = 0; index < statement.length; index += 1) {
    if (statement[index] === '"') quoted = !quoted;
    else if (statement[index] === "(" && !quoted) return index;
  }
  return -1;
}

/**
 * Plans how the rows of a table of contents are read: tables of one page range each where they are small, cut by ranges of
 * ctid where they are large (TID range scans, PostgreSQL 14 and newer), in the order of the table of contents. Rows of an
 * extension's table are filtered as pg_dump filters them (`pg_extension.extcondition`).
 * @param client in the snapshot's transaction
 */
export async function planPieces(client: Client, toc: Toc, options: PieceOptions): Promise<TablePiece[]> {
  const entries = toc.entries.filter(
    ({ description, hadDumper, dumpId }) =>
      description === "TABLE DATA" && hadDumper && options.without?.has(dumpId) !== true,
  );
  const canCut = (await serverVersionNumber(client)) >= 140000;
  const sizes = await tableSizes(client, entries);
  return entries.flatMap((entry) => {
    const size = sizes.get(`${entry.namespace ?? ""}\0${entry.tag}`);
    return pieceSql(entry, size, canCut, options);
  });
}

async function tableSizes(client: Client, entries: readonly TocEntry[]): Promise<Map<string, TableSize>> {
  const { rows } = await client.query<TableSize>(
    `SELECT n.nspname AS schema, c.relname AS name, c.oid, nullif(c.relfilenode, 0) AS filenode,
            (pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::integer)::float8 AS pages,
            pg_catalog.pg_relation_size(c.oid)::float8 AS "heapBytes",
            ${heapAndToastBytes("c")} AS "sizeBytes",
            x.condition, c.relkind = 'r' AND a.amname = 'heap' AS "isHeap"
       FROM unnest($1::text[], $2::text[]) AS wanted(schema, name)
       JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
       JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name AND c.relkind IN ('r', 'p', 'm', 'f')
       LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
       LEFT JOIN LATERAL (
         SELECT e.extcondition[i] AS condition
           FROM pg_catalog.pg_extension e, pg_catalog.generate_subscripts(e.extconfig, 1) i
          WHERE e.extconfig[i] = c.oid) x ON true`,
    [entries.map(({ namespace }) => namespace ?? ""), entries.map(({ tag }) => tag)],
  );
  return new Map(rows.map((row) => [`${row.schema}\0${row.name}`, row]));
}

function pieceSql(
  entry: TocEntry,
  size: TableSize | undefined,
  canCut: boolean,
  { pieceBytes, cutBefore }: PieceOptions,
): TablePiece[] {
  const schema = entry.namespace ?? "";
  const name = entry.tag;
  const table = qualifiedName(schema, name);
  const columns = copyColumns(entry);
  const totalBytes = size?.sizeBytes ?? 0;
  const common = {
    dumpId: entry.dumpId,
    oid: size?.oid ?? 0,
    filenode: size?.filenode ?? null,
    schema,
    name,
    isHeap: size?.isHeap === true,
    columns,
  };
  const condition = size?.condition ?? "";
  if (condition !== "")
    return [
      {
        ...common,
        sizeBytes: totalBytes,
        piecePages: 0,
        place: 0,
        heapBytes: 0,
        where: condition,
        copySql: `COPY (SELECT ${columns} FROM ONLY ${table} ${condition}) TO STDOUT`,
      },
    ];
  const pages = size?.isHeap === true && canCut ? size.pages : 0;
  const piecePages = pages === 0 ? 0 : choosePages((pages * pieceBytes) / totalBytes, cutBefore?.(schema, name));
  const count = pages === 0 ? 1 : Math.ceil(pages / piecePages);
  if (count === 1) {
    const copySql = copyStatement(schema, name, columns);
    return [
      { ...common, sizeBytes: totalBytes, piecePages, place: 0, heapBytes: size?.heapBytes ?? 0, where: "", copySql },
    ];
  }
  return Array.from({ length: count }, (_, index) => {
    const from = index * piecePages;
    const to = from + piecePages;
    // The last range is open: pages that were added since are not in the snapshot, but cost nothing to look at.
    const upTo = index === count - 1 ? "" : ` AND ctid < '(${to},0)'`;
    const where = `WHERE ctid >= '(${from},0)'${upTo}`;
    return {
      ...common,
      sizeBytes: Math.ceil((totalBytes * (Math.min(pages, to) - from)) / pages),
      heapBytes: Math.ceil(((size?.heapBytes ?? 0) * (Math.min(pages, to) - from)) / pages),
      piecePages,
      place: index,
      where,
      copySql: `COPY (SELECT ${columns} FROM ONLY ${table} ${where}) TO STDOUT`,
    };
  });
}

function choosePages(wanted: number, before: number | undefined): number {
  if (before !== undefined && before >= wanted / 2 && before <= wanted * 2) return before;
  return Math.max(1, Math.floor(wanted));
}
