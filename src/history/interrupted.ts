import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { isOwnerAlive, parseOwner } from "../run-owner.ts";
import type { History } from "./history.ts";
import { readRun } from "./read-runs.ts";
import { readRunningLog, runningLogPath } from "./running-log.ts";
import { endRun } from "./write-run.ts";

/** A run of another host whose end nobody has noted for so long is over. */
const foreignRestMs = 7 * 24 * 60 * 60 * 1000;

/**
 * Finds the runs that ended without a word: their process is gone. That of another host cannot be looked for, and is given a week.
 * @param nowMs milliseconds since 1970
 */
export async function findInterrupted({ database }: History, nowMs: number): Promise<number[]> {
  const rows = database.prepare("SELECT id, host, owner, started_at FROM run WHERE state = 'running'").all();
  const found: number[] = [];
  for (const row of rows) {
    const owner = parseOwner(String(row["owner"]));
    const isOver =
      row["host"] !== hostname()
        ? nowMs - Number(row["started_at"]) > foreignRestMs
        : owner === undefined || !(await isOwnerAlive(owner));
    if (isOver) found.push(Number(row["id"]));
  }
  return found;
}

/** Notes the end of runs that ended without a word, with what they had told until then. */
export async function recordInterrupted(history: History, nowMs: number): Promise<void> {
  for (const id of await findInterrupted(history, nowMs)) {
    const path = runningLogPath(history.folder, id);
    const news = await readRunningLog(path);
    const run = readRun(history, id);
    // Another run may have been quicker.
    if (run?.state !== "running") continue;
    const { subject, sizeBytes, losses, summary, freeBytes } = run;
    const error = {
      code: "killed",
      message: "the run ended without a word: it was killed, or the machine stopped",
      hint: null,
    };
    endRun(
      history,
      id,
      { state: "interrupted", endedAt: nowMs, exitCode: null, subject, sizeBytes, losses, error, summary, freeBytes },
      news,
    );
    await rm(path, { force: true }).catch(() => undefined);
  }
}
