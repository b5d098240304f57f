import { hostname } from "node:os";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { messageOf } from "../../errors.ts";
import { freeSpaceAt } from "../../files/free-space.ts";
import { type History, openHistory } from "../../history/history.ts";
import { recordInterrupted } from "../../history/interrupted.ts";
import { RunningLog, runningLogPath } from "../../history/running-log.ts";
import { type EndedRun, type RunError, type RunKind, stateOf, writesArchive } from "../../history/run.ts";
import { endRun, startRun } from "../../history/write-run.ts";
import type { Reporter } from "../../progress.ts";
import { describeOwner } from "../../run-owner.ts";
import { toolVersion } from "../../version.ts";
import type { RunFacts } from "./run-facts.ts";
import { NewsCollector, maskSecrets } from "./collect-news.ts";

/** In the environment of a run that somebody has started from the page: who it was. */
export const startedByVariable = "NGWBACKUP_STARTED_BY";

/** How often a run's log gets how far it is. */
const progressIntervalMs = 1000;

/** What a run is about to do. */
export interface RunPlan {
  kind: RunKind;
  /** Path or URL of the archive (several: a line each), as far as it is known beforehand; holds no secret. */
  subject: string | null;
}

/** How a run ended. */
export interface RunEnd {
  exitCode: number;
  error: RunError | null;
  /** What the command gives as its summary. */
  summary: Readonly<Record<string, unknown>> | null;
}

/** A run that is being recorded. Whoever begins it closes it. */
export interface RecordedRun {
  /** Takes what the run tells. */
  news: NewsCollector;
  /** What is known at its beginning. */
  facts: RunFacts;
  /** Works out what its end amounts to. */
  describeEnd(end: RunEnd): Promise<EndedRun>;
  /** Puts its end, and all that it told, into the history; again, when it told more. A history that cannot be written is warned of. */
  save(ended: EndedRun): Promise<void>;
  /** The open history; undefined when there is none. */
  history(): History | undefined;
  /** To be called once, at the very end. */
  close(): Promise<void>;
}

/** Begins the record of a run. A history that cannot be written is warned of, and the run goes on without. */
export async function recordRun(
  plan: RunPlan,
  settings: Settings,
  context: Context,
  reporter: Reporter,
): Promise<RecordedRun> {
  const secrets = secretsOf(settings);
  const news = new NewsCollector({ now: () => context.now(), clockMs: () => performance.now(), secrets });
  const startedAt = context.now();
  const startedBy = context.env[startedByVariable] || null;
  let begun: { history: History; id: number; log: RunningLog; ticking: NodeJS.Timeout } | undefined;
  let isRefused = false;
  let savedLines: number | undefined;

  const begin = async (): Promise<void> => {
    const folder = settings.runs.state;
    if (folder === undefined || isRefused) return;
    try {
      const history = await openHistory(folder, context.isRoot);
      if (history === undefined) return;
      try {
        await recordInterrupted(history, startedAt.getTime());
        const owner = await describeOwner(context.pid);
        const version = toolVersion;
        const run = { ...plan, startedAt: startedAt.getTime(), version, host: hostname(), owner, startedBy };
        const id = startRun(history, run, startedAt.getTime() - settings.runs.historyKeepMs);
        const log = new RunningLog(runningLogPath(history.folder, id));
        news.passTo((entry) => log.append(entry));
        const ticking = setInterval(() => news.tellProgress(), progressIntervalMs).unref();
        begun = { history, id, log, ticking };
      } catch (error) {
        history.database.close();
        throw error;
      }
    } catch (error) {
      isRefused = true;
      warn(reporter, error);
    }
  };

  await begin();
  return {
    news,
    facts: {
      command: plan.kind,
      runId: begun?.id ?? null,
      archive: plan.subject,
      host: hostname(),
      database: settings.database.database ?? null,
      version: toolVersion,
      startedAt: startedAt.toISOString(),
    },
    async describeEnd({ exitCode, error, summary }) {
      const masked = error === null ? null : { ...error, message: maskSecrets(error.message, secrets) };
      return {
        state: stateOf(exitCode),
        endedAt: context.now().getTime(),
        exitCode,
        subject: textOf(summary?.["path"]) ?? plan.subject ?? archivesOf(summary),
        sizeBytes: writesArchive(plan.kind) ? numberOf(summary?.["sizeBytes"]) : null,
        losses: numberOf(summary?.["losses"]) ?? 0,
        error: masked,
        summary,
        freeBytes: await freeBytesAt(settings.backup.path),
      };
    },
    async save(ended) {
      // What was not there at the beginning may be there now.
      if (begun === undefined) await begin();
      const told = news.news();
      if (begun === undefined || told.lines.length === savedLines) return;
      try {
        endRun(begun.history, begun.id, ended, told);
        savedLines = told.lines.length;
      } catch (failure) {
        warn(reporter, failure);
      }
    },
    history: () => begun?.history,
    async close() {
      if (begun === undefined) return;
      clearInterval(begun.ticking);
      await begun.log.remove();
      begun.history.database.close();
    },
  };
}

/** Every secret of the configuration, for masking. */
function secretsOf({ database, ngwbackup, runs }: Settings): string[] {
  const { mails, webhooks } = runs.channels;
  const all = [
    database.password,
    ngwbackup.admin?.password,
    ngwbackup.drill.server?.password,
    ...mails.map(({ login }) => login?.password),
    ...webhooks.flatMap(({ url, token }) => [url, token]),
  ];
  return all.filter((secret) => secret !== undefined);
}

async function freeBytesAt(path: string | undefined): Promise<number | null> {
  const space = path === undefined ? undefined : await freeSpaceAt(path);
  // File systems without an end say so by numbers that SQLite could not give back.
  return space === undefined ? null : Math.min(space.freeBytes, Number.MAX_SAFE_INTEGER);
}

function warn(reporter: Reporter, error: unknown): void {
  reporter.report({ type: "warning", code: "history", message: `this run is not recorded: ${messageOf(error)}` });
}

/** What a command took that was given `latest`, or nothing. */
function archivesOf(summary: RunEnd["summary"]): string | null {
  const { archive, where, archives } = summary ?? {};
  if (typeof archive === "string") return archive;
  if (typeof where === "string") return where;
  if (!Array.isArray(archives)) return null;
  return archives.map((item: { archive?: unknown }) => textOf(item.archive) ?? "?").join("\n");
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
