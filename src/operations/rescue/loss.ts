import { printable } from "../../archive/damage.ts";
import { formatCount } from "../../terminal/format.ts";

/** What kind of thing is gone, or not what it was. */
export type LossKind =
  | "rows" // some rows of a table, or all of them
  | "unproven-rows" // rows that were loaded and that no digest proves
  | "definition" // a statement that could not be run: a foreign key, an index, a table
  | "definitions" // all of them: there is no sound table of contents
  | "large-object"
  | "blob"
  | "font"
  | "name" // a file whose bytes are there, and whose name is not
  | "unproven-name" // files that got their names by inference
  | "unknown"; // whatever stood where the archive is cut off

/** Something that a rescue could not save, or not prove. */
export interface Loss {
  kind: LossKind;
  /** What is concerned: a table, `component/uuid`, a font's file name, `FK CONSTRAINT public.x y`, ... */
  what: string;
  /** Why, for people. */
  reason: string;
  /** Rows, counted from 1; `to` is null where nothing tells how many there were. */
  rows?: { from: number; to: number | null };
  /** Rows of the whole table, where the archive says. */
  totalRows?: number;
  /** What is kept of it, relative to the folder: damaged bytes, rows as text, the statement. */
  keptAs?: string;
}

/** A loss as a line for people. */
export function describeLoss(loss: Loss): string {
  const { kind, what, reason, keptAs } = loss;
  const name = printable(what);
  const kept = keptAs === undefined ? "" : `; kept as ${keptAs}`;
  const subject: Readonly<Record<LossKind, string>> = {
    rows: `lost: ${rowsText(loss)} of ${name}`,
    "unproven-rows": `not proven: ${rowsText(loss)} of ${name} were loaded`,
    definition: `left out: ${name}`,
    definitions: `lost: ${name}`,
    "large-object": `lost: large object ${name}`,
    blob: `lost: file ${name}`,
    font: `lost: font ${name}`,
    name: `without a name: ${name}`,
    "unproven-name": `not proven: ${name}`,
    unknown: `lost: ${name}`,
  };
  return `${subject[kind]}: ${printable(reason)}${kept}`;
}

function rowsText({ rows, totalRows }: Loss): string {
  if (rows === undefined) return "all rows";
  const total = totalRows === undefined ? "" : ` of ${formatCount(totalRows)}`;
  if (rows.to === null) return `rows from ${formatCount(rows.from)} on, nobody knows how many,`;
  if (rows.from === rows.to) return `row ${formatCount(rows.from)}${total}`;
  if (rows.from === 1 && rows.to === totalRows) return `all ${formatCount(rows.to)} rows`;
  return `rows ${formatCount(rows.from)} to ${formatCount(rows.to)}${total}`;
}
