import type { ArchiveChanges, ArchiveDetail, ContentPart, RetentionPreview } from "../../../../src/web/api/archives.ts";
import { archiveRow, archives } from "./archives.ts";
import { daysAgo, madeUp } from "./moments.ts";

const mib = 1024 * 1024;

const layers = [
  ["Buildings of the region", 412_000, 512],
  ["Roads", 186_300, 260],
  ["Parcels 2026", 98_210, 190],
  ["Hydrography", 45_870, 120],
  ["Forest stands", 22_118, 84],
  ["Addresses", 310_441, 70],
  ["Power lines", 8_930, 31],
  ["Protected areas", 612, 22],
  ["Field photos", 4_112, 18],
  ["Bus stops", 2_004, 4],
] as const;

/** A part of an archive; rows and sizes in bytes. */
export function part(
  kind: ContentPart["kind"],
  name: string,
  what: string,
  changes: Partial<ContentPart>,
): ContentPart {
  const plainBytes = changes.plainBytes ?? 0;
  return { kind, name, what, rows: null, files: null, plainBytes, storedBytes: Math.round(plainBytes / 3), ...changes };
}

const parts: ContentPart[] = [
  part("files", "Files of layers' features", "feature_attachment", { files: 18_204, plainBytes: 720 * mib }),
  part("files", "Raster styles and pictures", "file_storage", { files: 2_211, plainBytes: 96 * mib }),
  ...layers.map(([name, rows, size], index) =>
    part("layer", name, `vector_layer.layer_${(index + 7).toString(16)}c41e`, { rows, plainBytes: size * mib }),
  ),
  part("table", "resource", "public.resource", { rows: 1_204, plainBytes: 2 * mib }),
  part("table", "tile cache", "tile_cache.a91c", { rows: 88_112, plainBytes: 44 * mib }),
  part("table", "feature history", "versioning.history", { rows: 51_004, plainBytes: 37 * mib }),
  part("large-objects", "Large objects", "pg_largeobject", { rows: 12, plainBytes: 9 * mib }),
  ...Array.from({ length: 46 }, (_, index) =>
    part("table", `setting_${index + 1}`, `public.setting_${index + 1}`, {
      rows: Math.round(madeUp(index) * 900),
      plainBytes: Math.round(madeUp(index + 90) * 600_000),
    }),
  ),
].toSorted((a, b) => b.plainBytes - a.plainBytes);

/** All about the newest archive, which is an increment. */
export const archiveDetail: ArchiveDetail = {
  archive: archives.archives[0]!,
  writtenBy: "ngwbackup 0.2.0",
  signed: true,
  database: "ngw",
  server: "15.14",
  postgis: "3.3.2",
  encoding: "UTF8",
  compression: "zstd",
  migrations: 214,
  rows: 1_190_882,
  excludedRows: ["core_lastvisit"],
  losses: [],
  parts,
  partsLeftOut: 0,
  chain: [
    { name: archives.archives[0]!.name, createdAt: daysAgo(0), bytes: 96 * mib, id: "a0" },
    { name: archiveRow(4).name, createdAt: daysAgo(4), bytes: archiveRow(4).sizeBytes, id: "a4" },
  ],
  runId: 411,
  previousId: "a1",
};

/** What changed in it against the one before. */
export const archiveChanges: ArchiveChanges = {
  against: { id: "a1", name: archives.archives[1]!.name, time: daysAgo(1) },
  added: [part("layer", "Snow survey", "vector_layer.layer_ff01", { rows: 320, plainBytes: 2 * mib })],
  removed: [part("layer", "Draft of parcels", "vector_layer.layer_11ab", { rows: 12, plainBytes: 40_000 })],
  changed: parts.slice(0, 5).map((changed) => ({
    part: changed,
    rowsBefore: changed.rows === null ? null : changed.rows - 118,
    filesBefore: changed.files === null ? null : changed.files - 34,
    plainBytesBefore: changed.plainBytes - mib,
  })),
  unchanged: 58,
  filesAdded: 41,
  filesRemoved: 7,
  migrationsAdded: [],
  migrationsRemoved: [],
};

/** What retention would do in the first place. */
export const retention: RetentionPreview = {
  configured: true,
  rules: ["keep.daily = 3", "keep.weekly = 4", "keep.tag = before-update"],
  removedBytes: archiveRow(61).sizeBytes,
  archives: archives.archives
    .filter(({ placeId }) => placeId === "p1")
    .map(({ id, name, time, sizeBytes, tags, state }, index) => ({
      archiveId: id,
      name,
      time,
      sizeBytes,
      action: index === 5 ? "remove" : "keep",
      reasons:
        index === 5
          ? []
          : [
              state === "damaged" ? "damaged" : index < 3 ? "daily snapshot" : "weekly snapshot",
              ...(tags.length > 0 ? [`has tags [${tags.join(", ")}]`] : []),
            ],
    })),
};
