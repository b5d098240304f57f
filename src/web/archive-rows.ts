import type { Settings } from "../config/settings.ts";
import type { Run } from "../history/run.ts";
import { type ArchiveHistory, type Judgement, readArchiveHistory } from "../operations/catalog/archive-history.ts";
import type { CatalogArchive, CatalogPlace } from "../operations/catalog/catalog.ts";
import { lookBack } from "../operations/runs/look-back.ts";
import type { ArchivePart } from "../operations/view/part-sums.ts";
import type { ArchiveRow, ContentPart, Place } from "./api/archives.ts";
import { momentOf } from "./events/run-rows.ts";

/** What archives are described with besides themselves. */
export interface ArchiveSurroundings {
  /** Undefined where nothing was recorded. */
  history: ArchiveHistory | undefined;
  /** Key of the configured instance; undefined when it is not known. */
  ownKey: string | undefined;
}

/** What the history says of archives; undefined where there is none. */
export async function archiveHistoryOf(settings: Settings, now: Date): Promise<ArchiveHistory | undefined> {
  if (settings.runs.state === undefined) return undefined;
  return await lookBack(settings.runs, now, (look) => Promise.resolve(readArchiveHistory(look)));
}

/** A place as the API has it. */
export function placeRow({ place, problem, space }: CatalogPlace): Place {
  return {
    id: place.id,
    name: place.name,
    isDefault: place.isDefault,
    problem: problem?.message ?? null,
    freeBytes: space?.freeBytes ?? null,
    totalBytes: space?.totalBytes ?? null,
  };
}

/** An archive as the API has it. */
export function archiveRow(archive: CatalogArchive, { history, ownKey }: ArchiveSurroundings): ArchiveRow {
  const { id, place, name, path, known, missingBase } = archive;
  const drilled = history?.drilled(archive);
  return {
    id,
    placeId: place.id,
    name,
    path,
    time: momentOf(known.time),
    sizeBytes: known.sizeBytes,
    instance: known.instanceId,
    isOurs: ownKey === undefined || known.instanceKey === null ? null : known.instanceKey === ownKey,
    application: known.application,
    encrypted: known.encrypted,
    incremental: known.incremental,
    base: [...known.base],
    missingBase: [...missingBase],
    tags: [...known.tags],
    state: known.state,
    losses: known.losses,
    problem: known.problem,
    verified: judgementRow(history?.verified(archive)),
    drilled: drilled === undefined ? null : { ...judgementRow(drilled)!, recoveryMs: recoveryMsOf(drilled.run) },
  };
}

/** A part of an archive as the API has it. */
export function partRow({ kind, name, what, rows, files, plainBytes, storedBytes }: ArchivePart): ContentPart {
  return { kind, name, what, rows, files, plainBytes, storedBytes };
}

function judgementRow(judgement: Judgement | undefined): ArchiveRow["verified"] {
  if (judgement === undefined) return null;
  const { run, state } = judgement;
  return { at: momentOf(run.endedAt ?? run.startedAt), runId: run.id, state };
}

function recoveryMsOf({ summary }: Run): number | null {
  const recoveryMs = summary?.["recoveryMs"];
  return typeof recoveryMs === "number" ? recoveryMs : null;
}
