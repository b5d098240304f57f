import { AppError } from "../../errors.ts";
import { copyColumns } from "../../migrations/applied.ts";
import type { Toc } from "../../postgres/toc.ts";
import { tableDataEntries } from "../contents/archive-contents.ts";
import { copyFields } from "./copy-fields.ts";

/** No instance has more layers. */
const mostLayers = 100_000;
const longestName = 300;

/** Gives the COPY text of a table by the dump id of its data; undefined where it is not within reach. */
export type ReadRows = (dumpId: number) => AsyncIterable<Buffer> | undefined;

/**
 * Names of vector layers in the application, by the 32 hex digits that their tables are named for: out of the rows of
 * `public.vector_layer` and `public.resource`, in whatever release's shape. What cannot be read has no name: this never fails
 * for what is in an archive.
 */
export async function layerNames(toc: Toc, readRows: ReadRows): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  try {
    const uuids = new Map<string, string>();
    for await (const [id, uuid] of rowsOf(toc, "vector_layer", [["id"], ["tbl_uuid", "key"]], readRows)) {
      const digits = uuid?.replaceAll("-", "").toLowerCase();
      if (id === null || id === undefined || digits === undefined || !/^[0-9a-f]{32}$/.test(digits)) continue;
      uuids.set(id, digits);
      if (uuids.size >= mostLayers) break;
    }
    if (uuids.size === 0) return names;
    for await (const [id, name] of rowsOf(toc, "resource", [["id"], ["display_name"]], readRows)) {
      const uuid = uuids.get(id ?? "");
      if (uuid !== undefined && name !== null && name !== undefined) names.set(uuid, name.slice(0, longestName));
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  return names;
}

/** @param columns for each field the names that it has had in releases */
async function* rowsOf(
  toc: Toc,
  table: string,
  columns: readonly (readonly string[])[],
  readRows: ReadRows,
): AsyncGenerator<(string | null)[]> {
  const entry = tableDataEntries(toc).find(({ namespace, tag }) => namespace === "public" && tag === table);
  const known = copyColumns(entry?.copyStatement ?? "");
  const places = columns.map((names) => known?.findIndex((column) => names.includes(column)) ?? -1);
  const source = entry === undefined || places.includes(-1) ? undefined : readRows(entry.dumpId);
  if (source !== undefined) yield* copyFields(source, places);
}
