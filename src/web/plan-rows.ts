import type { PlannedRestore } from "../operations/plans/restore-plans.ts";
import type { Finding } from "./api/common.ts";
import type { Plan } from "./api/runs.ts";

/** What plans are described with besides themselves. */
export interface PlanSurroundings {
  /** To be typed before the restore. */
  instanceName: string;
  /** The service that a restore could stop; null where there is none. */
  service: string | null;
  estimateMs: number | undefined;
}

type Summary = Readonly<Record<string, unknown>>;

/** A plan as the API has it. What a dry run printed is ours, and only looked at with care. */
export function planRow(plan: PlannedRestore, surroundings: PlanSurroundings): Plan {
  const { id, archiveId, state, progress, error, summary } = plan;
  const { instanceName, service, estimateMs } = surroundings;
  return {
    id,
    archiveId,
    state,
    progress: progress ?? null,
    error:
      error === undefined
        ? null
        : { code: error.code, message: [error.message, ...error.details].join("\n"), hints: [...error.hints] },
    way: wayOf(summary?.["way"]) ?? plan.way ?? null,
    findings: findingsOf(summary?.["findings"]),
    present: summary === undefined ? null : presentOf(summary),
    coming: summary === undefined ? null : comingOf(summary),
    estimateMs: estimateMs ?? null,
    pendingMigrations: summary === undefined ? null : numberOf(summary["pendingMigrations"]),
    instanceName,
    service,
  };
}

function presentOf(summary: Summary): Plan["present"] {
  const present = summary["present"];
  if (typeof present !== "object" || present === null) return null;
  const { tables, databaseBytes, files, fileBytes } = present as Record<string, unknown>;
  return {
    database: String(summary["database"]),
    tables: numberOf(tables),
    databaseBytes: numberOf(databaseBytes),
    files: numberOf(files),
    fileBytes: numberOf(fileBytes),
  };
}

function comingOf(summary: Summary): Plan["coming"] {
  const { snapshotAt, tables, rows, files, fileBytes } = summary;
  return {
    snapshotAt: typeof snapshotAt === "string" ? snapshotAt : null,
    tables: numberOf(tables) ?? 0,
    rows: numberOf(rows),
    files: numberOf(files) ?? 0,
    fileBytes: numberOf(fileBytes) ?? 0,
  };
}

function findingsOf(value: unknown): Finding[] {
  return Array.isArray(value) ? (value as Finding[]) : [];
}

function wayOf(value: unknown): Plan["way"] {
  return value === "in-place" || value === "side-by-side" ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
