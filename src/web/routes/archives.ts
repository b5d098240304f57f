import { Type } from "typebox";
import type { Settings } from "../../config/settings.ts";
import type { CatalogArchive, CatalogPlace } from "../../operations/catalog/catalog.ts";
import type { ArchiveView } from "../../operations/view/archive-view.ts";
import { SharedAnswer } from "../../shared-answer.ts";
import { ArchiveChanges, ArchiveDetail, ArchiveList, type ContentPart } from "../api/archives.ts";
import { type ArchiveSurroundings, archiveHistoryOf, archiveRow, partRow, placeRow } from "../archive-rows.ts";
import type { DataParts } from "../data-parts.ts";
import { momentOf } from "../events/run-rows.ts";
import { archiveOf } from "../start-from-page.ts";
import { notFound, unopened } from "../web-error.ts";
import type { WebApp } from "../web-service.ts";

/** Parts that are told one by one. */
const mostParts = 5000;

/** The id of an archive in a path. */
export const archiveParams = Type.Object({ id: Type.String() });

/** What archives there are, and what is in them. */
export function archiveRoutes(parts: DataParts): (app: WebApp) => void {
  const { service, catalog, reader } = parts;
  const config = { role: "viewer" } as const;
  // All pages ask at once when something has changed.
  const list = new SharedAnswer(async () => await listArchives(parts));
  return (app) => {
    app.get(
      "/api/archives",
      { config, schema: { summary: "Archives of all places", response: { 200: ArchiveList } } },
      async () => await list.get(),
    );
    app.get(
      "/api/archives/:id",
      {
        config,
        schema: { summary: "What an archive holds", params: archiveParams, response: { 200: ArchiveDetail } },
      },
      async ({ params: { id } }) => {
        const settings = await service.settings();
        const archive = await archiveOf(id, settings, parts);
        const view = await reader.ask<"view">({ kind: "view", archive: archive.path }).catch(unopened);
        const place = await catalog.place(archive.place.id, settings);
        return archiveDetail(archive, view, place, await surroundingsOf(settings, parts));
      },
    );
    app.get(
      "/api/archives/:id/changes",
      {
        config,
        schema: {
          summary: "What changed since another archive",
          params: archiveParams,
          querystring: Type.Object({ against: Type.Optional(Type.String()) }),
          response: { 200: ArchiveChanges },
        },
      },
      async ({ params: { id }, query }) => {
        const settings = await service.settings();
        const archive = await archiveOf(id, settings, parts);
        const place = await catalog.place(archive.place.id, settings);
        const other =
          query.against === undefined ? previousOf(archive, place) : await archiveOf(query.against, settings, parts);
        if (other === undefined) throw notFound("archive of this instance before it");
        const found = await reader
          .ask<"compare">({ kind: "compare", archive: archive.path, against: other.path })
          .catch(unopened);
        return {
          against: { id: other.id, name: other.name, time: momentOf(other.known.time) },
          added: found.added.map(partRow),
          removed: found.removed.map(partRow),
          changed: found.changed.map(({ now, before }) => ({
            part: partRow(now),
            rowsBefore: before.rows,
            filesBefore: before.files,
            plainBytesBefore: before.plainBytes,
          })),
          unchanged: found.unchanged,
          filesAdded: found.filesAdded,
          filesRemoved: found.filesRemoved,
          migrationsAdded: [...found.migrationsAdded],
          migrationsRemoved: [...found.migrationsRemoved],
        };
      },
    );
  };
}

async function listArchives(parts: DataParts): Promise<ArchiveList> {
  const settings = await parts.service.settings();
  const [places, surroundings] = await Promise.all([parts.catalog.list(settings), surroundingsOf(settings, parts)]);
  return {
    places: places.map(placeRow),
    archives: places
      .flatMap(({ archives }) => archives)
      .toSorted((a, b) => b.known.time - a.known.time)
      .map((archive) => archiveRow(archive, surroundings)),
  };
}

async function surroundingsOf(settings: Settings, { service, ownKey }: DataParts): Promise<ArchiveSurroundings> {
  const [history, key] = await Promise.all([archiveHistoryOf(settings, service.context.now()), ownKey.get(settings)]);
  return { history, ownKey: key };
}

function archiveDetail(
  archive: CatalogArchive,
  view: ArchiveView,
  place: CatalogPlace | undefined,
  surroundings: ArchiveSurroundings,
): ArchiveDetail {
  const { parts, partsLeftOut } = shownParts(view.parts.map(partRow));
  const { writtenBy, signed, database, server, postgis, encoding, compression, migrations, rows } = view;
  return {
    archive: archiveRow(archive, surroundings),
    writtenBy,
    signed,
    database,
    server,
    postgis,
    encoding,
    compression,
    migrations: migrations?.length ?? null,
    rows,
    excludedRows: [...view.excludedRows],
    losses: [...view.losses],
    parts,
    partsLeftOut,
    chain: view.chain.map((base) => ({
      ...base,
      id: place?.archives.find(({ name }) => name === base.name)?.id ?? null,
    })),
    runId: surroundings.history?.writtenBy(archive.path)?.id ?? null,
    previousId: previousOf(archive, place)?.id ?? null,
  };
}

/** The newest archive of the same instance in the same place that is older, and can be looked into. */
function previousOf({ known }: CatalogArchive, place: CatalogPlace | undefined): CatalogArchive | undefined {
  return place?.archives.find(({ known: other }) => {
    if (other.time >= known.time || other.state === "damaged" || other.instanceKey !== known.instanceKey) return false;
    // Where an archive does not say what it is of, those of its kind are the ones to hold it against.
    return other.instanceKey !== null || other.state === known.state;
  });
}

function shownParts(all: ContentPart[]): { parts: ContentPart[]; partsLeftOut: number } {
  const rest = all.slice(mostParts);
  if (rest.length === 0) return { parts: all, partsLeftOut: 0 };
  const sum = (count: (part: ContentPart) => number): number => rest.reduce((total, part) => total + count(part), 0);
  const others: ContentPart = {
    kind: "table",
    name: `${rest.length} smaller ones`,
    what: "",
    rows: sum(({ rows }) => rows ?? 0),
    files: null,
    plainBytes: sum(({ plainBytes }) => plainBytes),
    storedBytes: sum(({ storedBytes }) => storedBytes),
  };
  return { parts: [...all.slice(0, mostParts), others], partsLeftOut: rest.length };
}
