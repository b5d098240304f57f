import { rename, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { componentIndexName } from "../../archive/entry-names.ts";
import type { IndexPayload, IndexRecord } from "../../archive/index-records.ts";
import { readPartialIndex } from "../../archive/rescue/partial-index.ts";
import { blobPath } from "../../files/storage-layout.ts";
import type { StageProgress } from "../../progress.ts";
import { formatCount } from "../../terminal/format.ts";
import type { DamagedContents, DamagedMember } from "./damaged-contents.ts";
import { inferNames } from "./infer-names.ts";
import type { LossList } from "./loss-list.ts";
import type { RescuedRows } from "./rescued-rows.ts";
import { Witness } from "./witness.ts";
import { keepDamaged, placeMember, writeMember } from "./write-member.ts";

/** What {@link rescueFiles} needs. */
export interface RescueFilesOptions {
  contents: DamagedContents;
  /** Of the rescue. */
  folder: string;
  /** Rows of the rescued database that name blobs; undefined without one. */
  rows: RescuedRows | undefined;
  losses: LossList;
  progress: StageProgress;
  signal: AbortSignal;
}

/** What was saved of files. */
export interface RescuedFiles {
  /** Files that are where they belong. */
  files: number;
  fileBytes: number;
  /** Files that are whole and have no name. */
  unnamed: number;
}

/** Writes every file that is sound to where it belongs below the folder, and names every other. */
export async function rescueFiles(options: RescueFilesOptions): Promise<RescuedFiles> {
  const totals: RescuedFiles = { files: 0, fileBytes: 0, unnamed: 0 };
  const components = new Set(options.contents.records.keys());
  // Rows name files, too, of which nothing else is left.
  if (options.rows !== undefined) components.add("file_storage");
  for (const component of components) await rescueComponent(component, options, totals);
  return totals;
}

/** A record without a line of the index that names it. */
interface Nameless {
  place: string;
  sizeBytes: number;
}

async function rescueComponent(component: string, options: RescueFilesOptions, totals: RescuedFiles): Promise<void> {
  const { contents, folder, rows, losses, progress, signal } = options;
  const { archive } = contents;
  const members = contents.records.get(component) ?? new Map<number, DamagedMember>();
  const { records, isSound } = await readIndex(contents, component);
  const names = isSound ? records : await believed(records, component, rows);
  const named = new Set<string>();
  const nameless = new Map<number, Nameless>();
  const ids = [...new Set([...members.keys(), ...names.keys()])].toSorted((a, b) => a - b);
  for (const id of ids) {
    signal.throwIfAborted();
    const payload = names.get(id)?.payload;
    const member = members.get(id);
    if (payload !== undefined) named.add(labelOf(payload));
    if (member === undefined) {
      if (payload !== undefined)
        losses.add({ ...subjectOf(payload), reason: `its record ${id} is not in the archive` });
      continue;
    }
    const written = await writeMember(archive, member, folder, payload?.sha256, (bytes) => progress.advance(bytes));
    if (payload === undefined) {
      if (written.isProven) {
        const place = `unnamed/${component}/${String(id).padStart(8, "0")}`;
        await placeMember(written, folder, place);
        nameless.set(id, { place, sizeBytes: written.sizeBytes });
      } else {
        const keptAs = await keepDamaged(
          archive,
          member,
          written,
          folder,
          `${component}/${String(id).padStart(8, "0")}`,
        );
        const what = `record ${id} of component ${component}`;
        losses.add({ kind: "blob", what, reason: written.reason, ...(keptAs === undefined ? {} : { keptAs }) });
      }
    } else if (written.isProven) {
      await placeMember(written, folder, pathOf(payload));
      totals.files += 1;
      totals.fileBytes += written.sizeBytes;
    } else {
      const keptAs = await keepDamaged(archive, member, written, folder, pathOf(payload));
      losses.add({ ...subjectOf(payload), reason: written.reason, ...(keptAs === undefined ? {} : { keptAs }) });
    }
  }
  if (isSound) return;
  if (rows === undefined || component !== "file_storage") {
    tellUnproven(component, names.size, losses);
    if (contents.manifest.state !== "sound")
      losses.add({
        kind: "unknown",
        what: `whatever the index of component ${component} named besides`,
        reason: "the index is damaged or gone",
      });
  } else await nameByRows(nameless, names, named, rows, options, totals);
  for (const [id, { place, sizeBytes }] of nameless) {
    totals.unnamed += 1;
    const reason = "the index is damaged, and nothing else tells";
    losses.add({
      kind: "name",
      what: `record ${id} of component ${component}, ${formatCount(sizeBytes)} bytes`,
      reason,
      keptAs: place,
    });
  }
}

async function readIndex(
  { archive, manifest }: DamagedContents,
  component: string,
): Promise<{ records: Map<number, IndexRecord>; isSound: boolean }> {
  const witness = new Witness();
  const records = await readPartialIndex(archive, component, (chunk) => witness.add(chunk));
  const name = componentIndexName(component);
  const entry = archive.entries.get(name);
  return { records, isSound: entry !== undefined && witness.agrees(entry, manifest.entries.get(name)) };
}

/** Lines of a damaged index that can be believed: those whose name a row of the database has, where there is one. */
async function believed(
  records: Map<number, IndexRecord>,
  component: string,
  rows: RescuedRows | undefined,
): Promise<Map<number, IndexRecord>> {
  if (rows === undefined || component !== "file_storage") return records;
  const taken = new Set<number>();
  const good = new Map<number, IndexRecord>();
  for (const [id, record] of records) {
    const place = placeOf(record.payload, rows);
    if (place === undefined || taken.has(place)) continue;
    taken.add(place);
    good.set(id, record);
  }
  return good;
}

function placeOf(payload: IndexPayload, { placeByName }: RescuedRows): number | undefined {
  return "uuid" in payload ? placeByName.get(`${payload.component}/${payload.uuid}`) : undefined;
}

/** Names what is left by the rows of the database, and tells which rows have no file. */
async function nameByRows(
  nameless: Map<number, Nameless>,
  names: ReadonlyMap<number, IndexRecord>,
  named: Set<string>,
  { rows, placeByName, isComplete }: RescuedRows,
  { folder, losses, contents }: RescueFilesOptions,
  totals: RescuedFiles,
): Promise<void> {
  const known = new Map<number, number>();
  for (const [id, { payload }] of names)
    if ("uuid" in payload) known.set(id, placeByName.get(`${payload.component}/${payload.uuid}`) ?? -1);
  const sizes = new Map([...nameless].map(([id, { sizeBytes }]) => [id, sizeBytes]));
  const inferred = isComplete ? inferNames(sizes, known, rows) : new Map<number, number>();
  let count = 0;
  for (const [id, place] of inferred) {
    const row = rows[place];
    const file = nameless.get(id);
    if (row === undefined || file === undefined || named.has(`${row.component}/${row.uuid}`)) continue;
    const target = join(folder, pathOf(row));
    await mkdir(dirname(target), { recursive: true });
    await rename(join(folder, file.place), target);
    named.add(`${row.component}/${row.uuid}`);
    nameless.delete(id);
    count += 1;
    totals.files += 1;
    totals.fileBytes += file.sizeBytes;
  }
  if (count > 0) {
    const reason = "the index is damaged; order and sizes of the rows of public.fileobj agree with the records";
    losses.add({ kind: "unproven-name", what: `the names of ${formatCount(count)} files`, reason });
  }
  const missed = new Set(contents.manifest.losses.map(({ what }) => what));
  for (const { component, uuid } of rows) {
    const name = `${component}/${uuid}`;
    if (named.has(name) || missed.has(name)) continue;
    losses.add({
      kind: "blob",
      what: name,
      reason: "a row of public.fileobj names it, and no record of the archive is known to be it",
    });
  }
}

function tellUnproven(component: string, count: number, losses: LossList): void {
  if (count === 0) return;
  const reason = `the index of component ${component} is damaged, and any of its lines may be wrong`;
  losses.add({ kind: "unproven-name", what: `the names of ${formatCount(count)} files`, reason });
}

function labelOf(payload: IndexPayload): string {
  return "uuid" in payload ? `${payload.component}/${payload.uuid}` : payload.filename;
}

function subjectOf(payload: IndexPayload): { kind: "blob" | "font"; what: string } {
  return { kind: "uuid" in payload ? "blob" : "font", what: labelOf(payload) };
}

/** Where a file belongs in a data folder. */
function pathOf(payload: { component: string; uuid: string } | IndexPayload): string {
  return "uuid" in payload ? `file_storage/${blobPath(payload)}` : `core/fontconfig/${payload.filename}`;
}
