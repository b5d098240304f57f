import type { FastifyRequest } from "fastify";
import type { Settings } from "../config/settings.ts";
import { AppError } from "../errors.ts";
import type { CatalogArchive } from "../operations/catalog/catalog.ts";
import { placesOf } from "../operations/catalog/places.ts";
import type { RunRequest } from "../operations/runs/run-arguments.ts";
import { startRun } from "../operations/runs/start-run.ts";
import { callerOf } from "./access.ts";
import type { NewRun } from "./api/runs.ts";
import type { DataParts } from "./data-parts.ts";
import { checkConfirmed, instanceName } from "./instance-name.ts";
import { notFound } from "./web-error.ts";

/**
 * Starts a run that somebody asked for on the page.
 * @returns its number
 * @throws WebError for what is asked for, AppError with which the run ended before it was at work
 */
export async function startFromPage(request: FastifyRequest, body: NewRun, parts: DataParts): Promise<number> {
  const { service } = parts;
  const { context, configPaths } = service;
  const settings = await service.settings();
  const { run, subject } = await resolveRequest(body, settings, parts);
  const event = { action: `start-${run.kind}`, ...(subject === undefined ? {} : { subject }) };
  // What cannot be taken back is noted before.
  const isNotedBefore = run.kind === "restore" || run.kind === "undo" || run.kind === "prune";
  if (isNotedBefore) service.audit(request, event);
  const startedBy = nameOf(request);
  const runId = await startRun(run, { settings, configPaths, startedBy, context });
  if (!isNotedBefore) service.audit(request, { ...event, runId });
  return runId;
}

/** Who makes a request, as the audit trail has it. */
function nameOf(request: FastifyRequest): string {
  const { name, via } = callerOf(request);
  return via === "token" ? `token ${name}` : name;
}

/** The run with its archives and places by their paths, and what it is about. */
async function resolveRequest(
  body: NewRun,
  settings: Settings,
  parts: DataParts,
): Promise<{ run: RunRequest; subject?: string }> {
  switch (body.kind) {
    case "backup": {
      const { tags = [], base, place } = body;
      const where = place === undefined ? undefined : placeOf(place, settings, parts);
      const isUsual = where === undefined || where.isDefault;
      return {
        run: { kind: "backup", tags, base, place: isUsual ? undefined : where.name },
        ...(where === undefined ? {} : { subject: where.name }),
      };
    }
    case "verify": {
      // At once, so that their places are listed once.
      const found = await Promise.all(body.archiveIds.map(async (id) => await archiveOf(id, settings, parts)));
      const archives = found.map(({ path }) => path);
      return { run: { kind: "verify", archives }, subject: archives.join("\n") };
    }
    case "drill": {
      const { path } = await archiveOf(body.archiveId, settings, parts);
      return { run: { kind: "drill", archive: path }, subject: path };
    }
    case "prune": {
      const { name } = placeOf(body.place, settings, parts);
      return { run: { kind: "prune", place: name }, subject: name };
    }
    case "restore": {
      const { archiveId, way, withService, migrate, confirm } = body;
      checkConfirmed(confirm, await instanceName(settings));
      const { path } = await archiveOf(archiveId, settings, parts);
      const service = withService ? settings.ngwbackup.service : undefined;
      return { run: { kind: "restore", archive: path, way, service, migrate }, subject: path };
    }
    case "undo":
      checkConfirmed(body.confirm, await instanceName(settings));
      return { run: { kind: "undo" } };
  }
}

function placeOf(id: string, settings: Settings, { service }: DataParts): ReturnType<typeof placesOf>[number] {
  const place = placesOf(settings, service.context.cwd).find((one) => one.id === id);
  if (place === undefined) throw notFound("such place of archives");
  return place;
}

/** The archive of an id. @throws WebError 404 when there is none (any more) */
export async function archiveOf(id: string, settings: Settings, { catalog }: DataParts): Promise<CatalogArchive> {
  const found = await catalog.find(id, settings).catch((error: unknown) => {
    if (error instanceof AppError && error.code === "no-folder") return undefined;
    throw error;
  });
  if (found === undefined) throw notFound("such archive; it may be gone");
  return found;
}
