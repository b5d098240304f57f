import { access, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { onTestFinished, expect, test } from "vitest";
import { type History, openExistingHistory, openHistory } from "../../src/history/history.ts";
import { readRun, readRunOwner, readRunning, readRuns } from "../../src/history/read-runs.ts";
import type { RunKind, RunState } from "../../src/history/run.ts";
import { endRun, startRun } from "../../src/history/write-run.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const owner = { pid: 4711, bootId: "a boot", startTicks: "12" };

async function openNew(folder: string): Promise<History> {
  const history = await openHistory({ path: folder, isNamed: true }, false);
  if (history === undefined) throw new Error("there is no history");
  onTestFinished(() => {
    if (history.database.isOpen) history.database.close();
  });
  return history;
}

function record(history: History, kind: RunKind, startedAt: number, state: RunState, startedBy?: string): number {
  const run = { kind, startedAt, subject: "/a", version: "1", host: hostname(), owner, startedBy: startedBy ?? null };
  const id = startRun(history, run, 0);
  const none = { subject: null, sizeBytes: null, losses: 0, error: null, summary: null, freeBytes: null };
  if (state !== "running")
    endRun(history, id, { state, endedAt: startedAt + 1, exitCode: 0, ...none }, { stages: [], lines: [] });
  return id;
}

test("runs are found by kind, state, number and time; those whose end nobody noted count as interrupted", async () => {
  const history = await openNew(join(await tempFolder(), "state"));
  record(history, "backup", 100, "done");
  record(history, "verify", 200, "running");
  record(history, "backup", 300, "failed");
  record(history, "backup", 400, "running", "anna");
  const ids = (filter: Parameters<typeof readRuns>[1], interrupted?: readonly number[]): number[] =>
    readRuns(history, filter, interrupted).map(({ id }) => id);
  expect(ids({ limit: 10 })).toEqual([4, 3, 2, 1]);
  expect(ids({ kind: "backup", limit: 2 })).toEqual([4, 3]);
  expect(ids({ before: 3, limit: 10 })).toEqual([2, 1]);
  expect(ids({ since: 300, limit: 10 })).toEqual([4, 3]);
  expect(ids({ states: ["running"], limit: 10 })).toEqual([4, 2]);
  expect(ids({ states: ["running"], limit: 10 }, [2])).toEqual([4]);
  expect(ids({ states: ["interrupted"], limit: 10 }, [2])).toEqual([2]);
  expect(ids({ states: ["interrupted", "done"], limit: 10 }, [2])).toEqual([2, 1]);
  expect(readRuns(history, { limit: 10 }, [2]).map(({ state }) => state)).toEqual([
    "running",
    "failed",
    "interrupted",
    "done",
  ]);
  expect(readRunning(history).map(({ id, startedBy }) => [id, startedBy])).toEqual([
    [2, null],
    [4, "anna"],
  ]);
  expect(readRunOwner(history, 4)).toEqual(owner);
  expect(readRunOwner(history, 5)).toBeUndefined();
});

test("a link in its place, which could lead anywhere, is not followed", async () => {
  const folder = join(await tempFolder(), "state");
  await mkdir(folder, { mode: 0o700 });
  const elsewhere = join(folder, "..", "elsewhere");
  await symlink(elsewhere, join(folder, "history.sqlite"));
  await expect(openHistory({ path: folder, isNamed: true }, false)).rejects.toMatchObject({ code: "history" });
  await expect(access(elsewhere)).rejects.toMatchObject({ code: "ENOENT" });
  await writeFile(elsewhere, "");
  await expect(openExistingHistory({ path: folder, isNamed: true })).rejects.toMatchObject({ code: "history" });
  expect(await readFile(elsewhere, "utf8")).toBe("");
});

test("a history of the first version is brought up to date, and keeps its runs", async () => {
  const folder = join(await tempFolder(), "state");
  const old = await openNew(folder);
  record(old, "backup", 100, "done");
  old.database.exec("DROP INDEX run_running; ALTER TABLE run DROP COLUMN started_by; PRAGMA user_version = 1");
  old.database.close();
  const history = await openExistingHistory({ path: folder, isNamed: true });
  if (history === undefined) throw new Error("there is no history");
  onTestFinished(() => history.database.close());
  expect(readRun(history, 1)).toMatchObject({ kind: "backup", state: "done", startedBy: null });
  expect(record(history, "verify", 200, "running", "anna")).toBe(2);
});
