import { hostname } from "node:os";
import { isAbsolute } from "node:path";
import type { Settings } from "../../config/settings.ts";
import { placeOf } from "../../operations/prune/prune-place.ts";
import { archiveId, placesOf } from "../../operations/catalog/places.ts";
import { lookBack } from "../../operations/runs/look-back.ts";
import { type LastBackup, type Status, readStatus } from "../../operations/status/read-status.ts";
import { statusFindings } from "../../operations/status/status-findings.ts";
import { SharedAnswer } from "../../shared-answer.ts";
import { toolVersion } from "../../version.ts";
import { Overview } from "../api/overview.ts";
import type { DataParts } from "../data-parts.ts";
import { momentOf, runRow } from "../events/run-rows.ts";
import { instanceName } from "../instance-name.ts";
import type { WebApp, WebService } from "../web-service.ts";

const trendMs = 90 * 24 * 60 * 60 * 1000;
const mostPoints = 400;

/** How things stand. */
export function overviewRoutes({ service }: DataParts): (app: WebApp) => void {
  // All pages ask at once when something has changed.
  const overview = new SharedAnswer(async () => await readOverview(service));
  return (app) => {
    app.get(
      "/api/overview",
      { config: { role: "viewer" }, schema: { summary: "How things stand", response: { 200: Overview } } },
      async () => await overview.get(),
    );
  };
}

async function readOverview(service: WebService): Promise<Overview> {
  const { context } = service;
  const settings = await service.settings();
  const status = await readStatus(settings, context);
  const past = await readPast(settings, context.now());
  const { at, maxAgeMs, kinds, room, nextRuns, lastBackup } = status;
  return {
    at: momentOf(at),
    instance: { name: await instanceName(settings), host: hostname(), version: toolVersion },
    findings: statusFindings(status).map(({ details, ...finding }) => ({
      ...finding,
      ...(details === undefined ? {} : { details: [...details] }),
    })),
    maxAgeMs,
    lastBackup: lastBackup === undefined ? null : backupRow(lastBackup, settings, context.cwd),
    lastRuns: kinds.map(({ kind, last, lastSuccess }) => ({
      kind,
      last: last === undefined ? null : runRow(last),
      lastSuccess: lastSuccess === undefined ? null : runRow(lastSuccess),
    })),
    running: past.running,
    room: room === undefined ? null : roomRow(room),
    nextRuns: nextRuns?.map((next) => ({ kind: next.kind, at: momentOf(next.at) })) ?? null,
    trend: past.trend,
  };
}

/** Runs that run, and how backups have gone. */
async function readPast(settings: Settings, now: Date): Promise<Pick<Overview, "running" | "trend">> {
  const found = await lookBack(settings.runs, now, async (look) => {
    const running = look.runs({ states: ["running"], limit: 100 });
    const since = now.getTime() - trendMs;
    const backups = look.runs({ kind: "backup", states: ["done", "losses"], since, limit: mostPoints });
    return {
      running: await Promise.all(running.map(async (run) => runRow(run, (await look.news(run)).progress))),
      trend: backups.toReversed().map(({ id, startedAt, endedAt, sizeBytes, losses, freeBytes }) => ({
        runId: id,
        at: momentOf(startedAt),
        sizeBytes,
        durationMs: (endedAt ?? startedAt) - startedAt,
        losses,
        freeBytes,
      })),
    };
  });
  return found ?? { running: [], trend: [] };
}

function backupRow(
  { at, path, sizeBytes, losses, isGone }: LastBackup,
  settings: Settings,
  cwd: string,
): Overview["lastBackup"] {
  return { at: momentOf(at), path, archiveId: isGone ? null : idOf(path, settings, cwd), sizeBytes, losses, isGone };
}

/** The id of an archive by its path or URL; null when it is in no configured place. */
function idOf(path: string, settings: Settings, cwd: string): string | null {
  const where = isAbsolute(path) ? placeOf(path) : placeOf(path).replace(/(?<!:)\/+$/, "");
  const place = placesOf(settings, cwd).find(({ name }) => name === where);
  return place === undefined ? null : archiveId(place, path.slice(path.lastIndexOf("/") + 1));
}

function roomRow({ path, freeBytes, totalBytes, growth }: NonNullable<Status["room"]>): NonNullable<Overview["room"]> {
  return {
    path,
    freeBytes,
    totalBytes,
    growthBytesPerDay: growth === undefined ? null : Math.round(growth.bytesPerDay),
    fullAt: growth?.fullAt === undefined ? null : momentOf(growth.fullAt),
  };
}
