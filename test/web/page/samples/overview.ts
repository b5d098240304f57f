import type { Overview } from "../../../../src/web/api/overview.ts";
import { archives } from "./archives.ts";
import { daysAgo, hoursAgo, madeUp, sampleNow } from "./moments.ts";
import { runRow, runs } from "./runs.ts";

const mib = 1024 * 1024;
const gib = 1024 * mib;
const run = (id: number) => runs.find((row) => row.id === id) ?? null;
const newest = archives.archives[0]!;

/** All is well. */
export const overviewWell: Overview = {
  at: new Date(sampleNow).toISOString(),
  instance: { name: "gis.example.org", host: "gis-01", version: "0.2.0" },
  findings: [
    { level: "ok", check: "backup", message: "last backup 6 h ago" },
    { level: "ok", check: "verify", message: "last verify 4 h ago" },
    { level: "ok", check: "drill", message: "last drill 3 d ago, recovery in 4 min 28 s" },
    { level: "ok", check: "room", message: "412.0 GiB of 1.0 TiB left" },
    { level: "ok", check: "next", message: "next runs: backup" },
  ],
  maxAgeMs: 26 * 60 * 60 * 1000,
  lastBackup: {
    at: newest.time,
    path: newest.path,
    archiveId: newest.id,
    sizeBytes: newest.sizeBytes,
    losses: 0,
    isGone: false,
  },
  lastRuns: [
    { kind: "backup", last: run(411), lastSuccess: run(411) },
    { kind: "restore", last: run(390), lastSuccess: run(390) },
    { kind: "undo", last: null, lastSuccess: null },
    { kind: "rescue", last: null, lastSuccess: null },
    { kind: "verify", last: run(412), lastSuccess: run(412) },
    { kind: "prune", last: run(410), lastSuccess: run(410) },
    { kind: "drill", last: run(399), lastSuccess: run(399) },
  ],
  running: [],
  room: {
    path: "/srv/backup/ngw",
    freeBytes: 412 * gib,
    totalBytes: 1024 * gib,
    growthBytesPerDay: 1.4 * gib,
    fullAt: "2027-09-16T00:00:00Z",
  },
  nextRuns: [
    { kind: "backup", at: hoursAgo(-17.6) },
    { kind: "prune", at: hoursAgo(-18.6) },
    { kind: "verify", at: hoursAgo(-19.6) },
    { kind: "drill", at: hoursAgo(-68) },
  ],
  trend: Array.from({ length: 60 }, (_, index) => {
    const days = 59 - index;
    return {
      runId: 300 + index,
      at: daysAgo(days),
      sizeBytes: Math.round((1480 + index * 5.5 + madeUp(index) * 50 + (index > 40 ? 70 : 0)) * mib),
      durationMs: Math.round(118_000 + index * 500 + madeUp(index + 7) * 22_000),
      losses: index === 57 ? 3 : 0,
      freeBytes: Math.round((496 - index * 1.4 + (index > 30 ? 22 : 0)) * gib),
    };
  }),
};

const failedVerify = runRow(371, {
  kind: "verify",
  state: "damaged",
  exitCode: 5,
  startedAt: hoursAgo(4),
  error: { code: "damaged", message: "ngw-20261117-030211.ngwbackup is damaged: entry data/3012.zst", hints: [] },
});

/** Several things are not. */
export const overviewTrouble: Overview = {
  ...overviewWell,
  findings: [
    {
      level: "fail",
      check: "backup",
      message: "last backup 2 d ago, which is more than 1 d 2 h",
      hint: "ngwbackup backup",
    },
    {
      level: "fail",
      check: "verify-failed",
      message: "the last verify ended as damaged",
      hint: "ngwbackup history 371",
    },
    {
      level: "fail",
      check: "verify-failed",
      message: "the last verify ended as damaged",
      hint: "ngwbackup history 371",
    },
    { level: "warn", check: "drill", message: "no drill was done yet", hint: "ngwbackup drill" },
    { level: "warn", check: "room", message: "21.0 GiB of 1.0 TiB left", hint: "remove archives that are not needed" },
    { level: "ok", check: "next", message: "next runs: backup" },
  ],
  lastBackup: { ...overviewWell.lastBackup!, at: daysAgo(2), archiveId: "a2", losses: 3 },
  lastRuns: overviewWell.lastRuns.map((runsOfKind) =>
    runsOfKind.kind === "verify"
      ? { ...runsOfKind, last: failedVerify }
      : runsOfKind.kind === "drill"
        ? { ...runsOfKind, last: null, lastSuccess: null }
        : runsOfKind,
  ),
  room: { ...overviewWell.room!, freeBytes: 21 * gib, growthBytesPerDay: 2.4 * gib, fullAt: "2026-12-05T00:00:00Z" },
};

/** Just set up: nothing was done yet. */
export const overviewEmpty: Overview = {
  ...overviewWell,
  findings: [
    { level: "fail", check: "backup", message: "there is no backup yet", hint: "ngwbackup backup" },
    { level: "warn", check: "verify", message: "no archive was verified yet", hint: "ngwbackup verify latest" },
    { level: "warn", check: "drill", message: "no drill was done yet", hint: "ngwbackup drill" },
    { level: "warn", check: "next", message: "no timer is set", hint: "ngwbackup schedule --install" },
  ],
  lastBackup: null,
  lastRuns: overviewWell.lastRuns.map(({ kind }) => ({ kind, last: null, lastSuccess: null })),
  room: { ...overviewWell.room!, growthBytesPerDay: null, fullAt: null },
  nextRuns: [],
  trend: [],
};
