import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import type { Finding } from "../../finding.ts";
import type { Client } from "../../postgres/connection.ts";
import { createInPlaceRestore } from "../../postgres/in-place/in-place-restore.ts";
import { preflightInPlace } from "../../postgres/in-place/preflight.ts";
import type { ConnectionSettings } from "../../postgres/settings.ts";
import { preflightSideBySide } from "../../postgres/side-by-side/preflight.ts";
import { createSideBySideRestore } from "../../postgres/side-by-side/side-by-side-restore.ts";
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
  const { settings, held, context, reporter, runId, keepUntil, jobs } = options;
  const common = {
    settings: settings.database,
    source: archiveSource(options.contents),
    jobs,
    reporter,
    signal: context.signal,
    now: () => context.now(),
    keepUntil,
    afterLoad: (client: Client) => options.afterLoad(client),
    ownPids: held.ownPids,
    runId,
  };
  if (way === "in-place") return createInPlaceRestore(common);
  return createSideBySideRestore({ ...common, ...beside(settings), releaseLock: () => held.lock.end() });
}

/** Where a database beside the instance's is made: as an administrator, when one is configured, and from which template. */
export function beside({ ngwbackup }: Settings): { admin?: ConnectionSettings; template?: string } {
  const { admin, template } = ngwbackup;
  return { ...(admin === undefined ? {} : { admin }), ...(template === undefined ? {} : { template }) };
}

/** What the preflight of a way needs. */
export interface WayPreflight {
  settings: Settings;
  source: DumpSource;
  ownPids: readonly number[];
}

/** Every check of a way; those that fail say why it is not possible. */
export async function preflightWay(way: RestoreWay, { settings, source, ownPids }: WayPreflight): Promise<Finding[]> {
  const options = { settings: settings.database, source, ownPids };
  const findings =
    way === "in-place"
      ? await preflightInPlace(options)
      : await preflightSideBySide({ ...options, ...beside(settings) });
  return findings.map((finding) =>
    finding.check === "sessions" && finding.level === "fail"
      ? { ...finding, hint: `stop it first: systemctl stop ${settings.ngwbackup.service}` }
      : finding,
  );
}

/** The way that a restore takes, and what was looked at. */
export interface ChosenWay {
  way: RestoreWay;
  findings: Finding[];
}

/** Chooses the way: side by side where it is possible, in place otherwise. */
export async function chooseWay(wanted: RestoreWay | undefined, options: WayPreflight): Promise<ChosenWay> {
  if (wanted !== undefined) return { way: wanted, findings: await preflightWay(wanted, options) };
  const found = await preflightWay("side-by-side", options);
  const against = found.filter(({ level, check }) => level === "fail" && check !== "sessions");
  // Sessions stand against either way alike, so they decide nothing.
  if (against.length === 0) return { way: "side-by-side", findings: found };
  const reason: Finding = {
    level: "ok",
    check: "way",
    message: `in place, because side by side is not possible: ${against.map(({ message }) => message).join("; ")}`,
  };
  return { way: "in-place", findings: [reason, ...(await preflightWay("in-place", options))] };
}
