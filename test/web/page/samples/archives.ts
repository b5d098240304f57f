import type { ArchiveList, ArchiveRow } from "../../../../src/web/api/archives.ts";
import { daysAgo, madeUp } from "./moments.ts";

const mib = 1024 * 1024;
const folder = "/srv/backup/ngw";

/** A complete archive of so many days ago. */
export function archiveRow(days: number, changes: Partial<ArchiveRow> = {}): ArchiveRow {
  const time = daysAgo(days);
  const name = changes.name ?? `ngw-${time.slice(0, 10).replaceAll("-", "")}-030211.ngwbackup`;
  return {
    id: `a${days}`,
    placeId: "p1",
    name,
    path: `${folder}/${name}`,
    time,
    sizeBytes: Math.round((1830 - days * 4 + madeUp(days) * 60) * mib),
    instance: "gis.example.org",
    isOurs: true,
    application: "NextGIS Web 5.5.0",
    encrypted: true,
    incremental: false,
    base: [],
    missingBase: [],
    tags: [],
    state: "complete",
    losses: 0,
    problem: null,
    verified: null,
    drilled: null,
    ...changes,
  };
}

const base = archiveRow(4).name;

/** Archives of three places, in every state. */
export const archives: ArchiveList = {
  places: [
    { id: "p1", name: folder, isDefault: true, problem: null, freeBytes: 412 * 1024 * mib, totalBytes: 1024 ** 4 },
    { id: "p2", name: "s3://ngw-backup/gis", isDefault: false, problem: null, freeBytes: null, totalBytes: null },
    {
      id: "p3",
      name: "/mnt/vault",
      isDefault: false,
      problem: "/mnt/vault: permission denied (EACCES)",
      freeBytes: null,
      totalBytes: null,
    },
  ],
  archives: [
    archiveRow(0, {
      incremental: true,
      base: [base],
      sizeBytes: 96 * mib,
      verified: { at: daysAgo(0, 5), runId: 412, state: "done" },
    }),
    archiveRow(1, { incremental: true, base: [base], sizeBytes: 88 * mib, tags: ["before-update"] }),
    archiveRow(2, { state: "losses", losses: 3 }),
    archiveRow(4, {
      verified: { at: daysAgo(3, 5), runId: 398, state: "done" },
      drilled: { at: daysAgo(3, 6), runId: 399, state: "done", recoveryMs: 268_000 },
    }),
    archiveRow(9, {
      state: "damaged",
      problem: "entry data/3012.zst: SHA-256 differs from the manifest's",
      verified: { at: daysAgo(8, 5), runId: 371, state: "damaged" },
    }),
    archiveRow(18, { placeId: "p2", path: "s3://ngw-backup/gis/ngw-20261108-030211.ngwbackup", state: "unreadable" }),
    archiveRow(34, { placeId: "p2", path: "s3://ngw-backup/gis/ngw-20261023-030211.ngwbackup", tags: ["monthly"] }),
    archiveRow(61, {
      incremental: true,
      base: ["ngw-20260901-030211.ngwbackup"],
      missingBase: ["ngw-20260901-030211.ngwbackup"],
    }),
    archiveRow(120, {
      name: "20260729-gis.ngwbackup",
      state: "foreign",
      encrypted: false,
      instance: null,
      isOurs: null,
      application: "NextGIS Web 4.9.0",
    }),
  ],
};
