import type { LogLine, Plan, RunDetail, RunRow, RunStage } from "../../../../src/web/api/runs.ts";
import { daysAgo, hoursAgo, madeUp, sampleNow } from "./moments.ts";

const mib = 1024 * 1024;

/** A run that did what it was for. */
export function runRow(id: number, changes: Partial<RunRow> = {}): RunRow {
  const startedAt = changes.startedAt ?? hoursAgo(6.5);
  const durationMs = changes.durationMs === undefined ? 148_000 : changes.durationMs;
  return {
    id,
    kind: "backup",
    state: "done",
    startedAt,
    endedAt: durationMs === null ? null : new Date(Date.parse(startedAt) + durationMs).toISOString(),
    durationMs,
    exitCode: durationMs === null ? null : 0,
    subjects: ["/srv/backup/ngw/ngw-20261126-030211.ngwbackup"],
    sizeBytes: null,
    losses: 0,
    error: null,
    recoveryMs: null,
    version: "0.2.0",
    host: "gis-01",
    startedBy: null,
    progress: null,
    ...changes,
  };
}

/** A backup that is under way. */
export const runningBackup: RunRow = runRow(413, {
  state: "running",
  startedAt: new Date(sampleNow - 74_000).toISOString(),
  durationMs: null,
  subjects: ["/srv/backup/ngw/ngw-20261126-092846.ngwbackup"],
  startedBy: "maria",
  progress: {
    stage: "rows",
    doneBytes: 612 * mib,
    totalBytes: 1418 * mib,
    bytesPerSecond: 22.4 * mib,
    leftMs: 58_000,
  },
});

/** The history, newest first. */
export const runs: RunRow[] = [
  runRow(412, { kind: "verify", startedAt: daysAgo(0, 5), durationMs: 61_000 }),
  runRow(411, { startedAt: daysAgo(0), sizeBytes: 96 * mib, durationMs: 38_000 }),
  runRow(410, {
    kind: "prune",
    startedAt: daysAgo(1, 4),
    durationMs: 2_300,
    subjects: ["/srv/backup/ngw/a.ngwbackup", "/srv/backup/ngw/b.ngwbackup"],
  }),
  runRow(409, { startedAt: daysAgo(1), sizeBytes: 88 * mib, durationMs: 35_000, startedBy: "maria" }),
  runRow(405, {
    startedAt: daysAgo(2),
    sizeBytes: 1822 * mib,
    state: "losses",
    exitCode: 3,
    losses: 3,
    durationMs: 151_000,
  }),
  runRow(399, { kind: "drill", startedAt: daysAgo(3, 6), durationMs: 402_000, recoveryMs: 268_000 }),
  runRow(398, { kind: "verify", startedAt: daysAgo(3, 5), durationMs: 65_000 }),
  runRow(395, {
    startedAt: daysAgo(5),
    state: "failed",
    exitCode: 1,
    durationMs: 21_000,
    error: {
      code: "disk-full",
      message: "/srv/backup/ngw is full: 1.2 GiB needed, 210.4 MiB free",
      hints: ["make room there, or let ngwbackup prune remove archives", "ngwbackup prune --dry-run"],
    },
  }),
  runRow(390, { kind: "restore", startedAt: daysAgo(6, 14), durationMs: 254_000, startedBy: "anton" }),
  ...Array.from({ length: 14 }, (_, index) =>
    runRow(380 - index, {
      startedAt: daysAgo(7 + index),
      sizeBytes: Math.round((1790 + madeUp(index) * 40) * mib),
      durationMs: Math.round(140_000 + madeUp(index + 40) * 30_000),
    }),
  ),
];

const stages: RunStage[] = [
  { name: "snapshot", startedAt: runningBackup.startedAt, durationMs: 3_100, bytes: 0 },
  {
    name: "rows",
    startedAt: new Date(sampleNow - 70_900).toISOString(),
    durationMs: null,
    bytes: 612 * mib,
  },
];

/** A line of a log, so many seconds before now. */
export function line(secondsAgo: number, text: string, level: LogLine["level"] = "message"): LogLine {
  return { at: new Date(sampleNow - secondsAgo * 1000).toISOString(), level, text };
}

/** The backup that is under way, with stages and log so far. */
export const runningDetail: RunDetail = {
  run: runningBackup,
  stages,
  log: [
    line(74, "database ngw on localhost:5432, PostgreSQL 15.14, PostGIS 3.3.2"),
    line(73, "snapshot taken, 20415 files pinned"),
    line(70, "table vector_layer.layer_7c41e: waiting for a lock", "warning"),
    line(69, "table vector_layer.layer_7c41e: locked"),
    line(12, "12 of 71 tables are done"),
  ],
  summary: null,
};

const failed = runs.find(({ id }) => id === 395)!;
/** A backup that failed because the disk was full. */
export const failedDetail: RunDetail = {
  run: failed,
  stages: [
    { name: "snapshot", startedAt: failed.startedAt, durationMs: 2_900, bytes: 0 },
    { name: "rows", startedAt: failed.startedAt, durationMs: 18_000, bytes: 210 * mib },
  ],
  log: [line(600, "snapshot taken"), line(590, "/srv/backup/ngw is full", "error")],
  summary: { type: "error", code: "disk-full", exitCode: 1 },
};

const restored = runs.find(({ id }) => id === 390)!;
/** A restore that went well. */
export const restoredDetail: RunDetail = {
  run: restored,
  stages: [
    { name: "verify", startedAt: restored.startedAt, durationMs: 61_000, bytes: 1900 * mib },
    { name: "checks", startedAt: restored.startedAt, durationMs: 900, bytes: 0 },
    { name: "rows and indexes", startedAt: restored.startedAt, durationMs: 151_000, bytes: 1400 * mib },
    { name: "constraints", startedAt: restored.startedAt, durationMs: 21_000, bytes: 0 },
    { name: "files", startedAt: restored.startedAt, durationMs: 14_000, bytes: 816 * mib },
    { name: "switch", startedAt: restored.startedAt, durationMs: 700, bytes: 0 },
  ],
  log: [
    line(900, "service ngw.service is stopped"),
    line(640, "switched over"),
    line(638, "service ngw.service is started"),
  ],
  summary: { type: "summary", way: "side-by-side", rows: 1_190_882 },
};

/** A restore that is possible, with a warning. */
export const plan: Plan = {
  id: "plan-1",
  archiveId: "a0",
  state: "possible",
  progress: null,
  error: null,
  way: "side-by-side",
  findings: [
    { level: "ok", check: "components", message: "every component of the archive is known" },
    { level: "ok", check: "database-space", message: "4.1 GiB needed, 412.0 GiB free in /var/lib/postgresql" },
    { level: "ok", check: "file-space", message: "816.0 MiB needed, 412.0 GiB free in /srv/ngw/data" },
    { level: "ok", check: "createdb", message: "role ngw may create databases" },
    {
      level: "warn",
      check: "sessions",
      message: "2 sessions are connected to database ngw, so the service seems to run",
      details: [
        "pid 4711  nextgisweb  127.0.0.1  idle since 2026-11-26 09:02:11 UTC",
        "pid 4712  nextgisweb  127.0.0.1  idle",
      ],
      hint: "systemctl stop ngw.service",
    },
    { level: "ok", check: "server-version", message: "PostgreSQL 15.14 is not older than the archive's 15.14" },
    { level: "ok", check: "migrations", message: "the archive fits the installed application" },
  ],
  present: { database: "ngw", tables: 71, databaseBytes: 2_960 * mib, files: 20_415, fileBytes: 819 * mib },
  coming: {
    snapshotAt: daysAgo(0),
    tables: 71,
    rows: 1_190_882,
    files: 20_380,
    fileBytes: 816 * mib,
  },
  estimateMs: 268_000,
  pendingMigrations: 2,
  instanceName: "gis.example.org",
  service: "ngw.service",
};

/** The same while it is made. */
export const planRunning: Plan = {
  ...plan,
  state: "running",
  progress: { stage: "verify", doneBytes: 700 * mib, totalBytes: 1900 * mib, bytesPerSecond: 90 * mib, leftMs: 13_000 },
  findings: plan.findings.slice(0, 2),
  way: null,
  present: null,
  coming: null,
};

/** A restore that would be refused. */
export const planRefused: Plan = {
  ...plan,
  state: "refused",
  error: { code: "preflight", message: "1 check fails", hints: [] },
  findings: [
    {
      level: "fail",
      check: "database-space",
      message: "4.1 GiB needed, 1.2 GiB free in /var/lib/postgresql",
      hint: "make room there, or restore --in-place",
    },
    ...plan.findings,
  ],
};
