import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import type { Finding } from "../../finding.ts";
import type { Client } from "../../postgres/connection.ts";
import { createInPlaceRestore } from "../../postgres/in-place/in-place-restore.ts";
import { preflightInPlace } from "../../postgres/in-place/preflight.ts";
import type { Reporter } from "../../progress.ts";
import type { ArchiveContents } from "../contents/archive-contents.ts";
import { type DumpSource } from "../../postgres/load/dump-source.ts";
import { archiveSource } from "./archive-source.ts";
import type { RestoreWay } from "./run-record.ts";
import type { HeldLock } from "./run-restore.ts";

/** A restore of the database by a single switch, whichever way: `prepare`, `switchOver`; `discard` ends it at any time. */
export interface DatabaseRestore {
  readonly runId: string;
  /** Loads aside; the live state is not touched. */
  prepare(): Promise<void>;
  /** Puts the new state in the place of the live one; `beforeCommit` is awaited when nothing is visible yet. */
  switchOver(beforeCommit: () => Promise<void>): Promise<void>;
  /** Drops what was loaded aside and not switched. */
  discard(): Promise<void>;
}

/** What both ways need. */
export interface DatabaseRestoreOptions {
  settings: Settings;
  contents: ArchiveContents;
  jobs: number;
  runId: string;
  /** Until when the previous state is kept, in the past for not at all: it is dropped when the files are done. */
  keepUntil: Date;
  held: HeldLock;
  context: Context;
  reporter: Reporter;
  afterLoad(client: Client): Promise<void>;
}

/** Makes the restore of a way. */
export function createDatabaseRestore(way: RestoreWay, options: DatabaseRestoreOptions): DatabaseRestore {
  void way;
  return createInPlaceRestore({
    settings: options.settings.database,
    source: archiveSource(options.contents),
    jobs: options.jobs,
    reporter: options.reporter,
    signal: options.context.signal,
    now: () => options.context.now(),
    keepUntil: options.keepUntil,
    afterLoad: (client) => options.afterLoad(client),
    ownPids: options.held.ownPids,
    runId: options.runId,
  });
}

/** What the preflight of a way needs. */
export interface WayPreflight {
  settings: Settings;
  source: DumpSource;
  ownPids: readonly number[];
}

/** Every check of a way; those that fail say why it is not possible. */
export async function preflightWay(way: RestoreWay, { settings, source, ownPids }: WayPreflight): Promise<Finding[]> {
  if (way === "side-by-side") return [{ level: "fail", check: "way", message: "side by side is not there yet" }];
  return await preflightInPlace({ settings: settings.database, source, ownPids });
}

/** The way that a restore takes, and what was looked at. */
export interface ChosenWay {
  way: RestoreWay;
  findings: Finding[];
}

/** Chooses the way: side by side where it is possible, in place otherwise. */
export async function chooseWay(wanted: RestoreWay | undefined, options: WayPreflight): Promise<ChosenWay> {
  if (wanted !== undefined) return { way: wanted, findings: await preflightWay(wanted, options) };
  const beside = await preflightWay("side-by-side", options);
  const against = beside.filter(({ level }) => level === "fail");
  if (against.length === 0) return { way: "side-by-side", findings: beside };
  const reason: Finding = {
    level: "ok",
    check: "way",
    message: `in place, because side by side is not possible: ${against.map(({ message }) => message).join("; ")}`,
  };
  return { way: "in-place", findings: [reason, ...(await preflightWay("in-place", options))] };
}
