import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { AppError, messageOf, RefusedError } from "../errors.ts";
import { hasStarted } from "../processes/child-process.ts";
import { libpqEnvironment } from "./connection-parameters.ts";
import { quoteIdentifier } from "./quoting.ts";
import type { ConnectionSettings } from "./settings.ts";
import { TocDecoder } from "./toc-decode.ts";
import { toDirectoryToc } from "./toc-directory.ts";
import type { Toc } from "./toc.ts";

/** What {@link dumpToc} needs to know. */
export interface DumpTocOptions {
  settings: ConnectionSettings;
  /** A pg_dump at least as new as the server, see `findPgDump`. */
  pgDumpPath: string;
  /** Id of an exported snapshot, whose transaction is open. */
  snapshot: string;
  /** Schemas left out whole, with their definitions. */
  excludeSchemas?: readonly string[];
  /** Encoding of all texts; `dumpEncoding` of snapshot.ts tells which. UTF8 when left out. */
  encoding?: string;
  /**
   * Called with the table while pg_dump still holds its locks (unless the database is so small that it has ended), so
   * that locks of our own can follow without a gap.
   */
  whileLocked?: (toc: Toc) => Promise<void>;
  signal?: AbortSignal;
}

/** How long pg_dump waits for tables that somebody alters, in all it may be as often as there are such tables. */
const lockWaitMs = 60_000;

/** More of what pg_dump complains is cut off. */
const MAX_COMPLAINT_CHARACTERS = 64 * 1024;

/**
 * Has pg_dump describe the database as of a snapshot: starts a custom-format dump into a pipe, reads the table of
 * contents, which comes before any data, and ends pg_dump.
 * @returns the table as a directory dump has it
 * @throws RefusedError or AppError with pg_dump's own words; the signal's reason when it aborts
 */
export async function dumpToc(options: DumpTocOptions): Promise<Toc> {
  const env = await libpqEnvironment(options.settings);
  // What the administrator has set comes after it, and counts.
  const withoutJit = {
    ...env,
    PGOPTIONS: `-c standard_conforming_strings=on -c jit=off ${env.PGOPTIONS ?? ""}`.trim(),
  };
  try {
    return await describe(options, withoutJit);
  } catch (error) {
    if (!(error instanceof AppError) || !isOptionRefusal(error)) throw error;
    return await describe(options, env);
  }
}

/**
 * Compiling its large queries takes longer than they run, 1 s of 3.4 for 9,000 tables, so that it is turned off. Servers before
 * 11 and some connection poolers refuse that, before anything else has happened, and are asked again without it.
 */
function isOptionRefusal({ message }: AppError): boolean {
  return /unsupported startup parameter|unrecognized configuration parameter "jit"/.test(message);
}

async function describe(options: DumpTocOptions, env: Record<string, string | undefined>): Promise<Toc> {
  options.signal?.throwIfAborted();
  const child = spawn(options.pgDumpPath, dumpArguments(options), {
    env: { ...env, LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  await hasStarted(child).catch((error: unknown) => {
    throw new RefusedError("pg-dump-not-started", `cannot start ${options.pgDumpPath}: ${messageOf(error)}`, {
      cause: error,
    });
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (complaint.length < MAX_COMPLAINT_CHARACTERS) complaint += text;
  });
  // Emitted when a signal cannot be sent: its end is still to come.
  child.on("error", () => {});
  const stop = (): void => void child.kill("SIGTERM");
  options.signal?.addEventListener("abort", stop, { once: true });
  try {
    const toc = await readToc(child);
    options.signal?.throwIfAborted();
    if (toc === undefined) throw dumpError(child, complaint);
    const directoryToc = toDirectoryToc(toc);
    await options.whileLocked?.(directoryToc);
    return directoryToc;
  } finally {
    options.signal?.removeEventListener("abort", stop);
    await end(child);
  }
}

function dumpArguments(options: DumpTocOptions): string[] {
  return [
    "--format=custom",
    "--compress=0",
    "--no-password",
    `--lock-wait-timeout=${lockWaitMs}`,
    `--encoding=${options.encoding ?? "UTF8"}`,
    `--snapshot=${options.snapshot}`,
    // a pattern; in quotes nothing in it is special
    ...(options.excludeSchemas ?? []).map((schema) => `--exclude-schema=${quoteIdentifier(schema)}`),
  ];
}

/** @returns undefined when the output ends before the table does */
async function readToc(child: ChildProcess): Promise<Toc | undefined> {
  const decoder = new TocDecoder("the output of pg_dump");
  // a destroyed pipe would end pg_dump, and with it its locks, before the caller has taken its own
  for await (const piece of child.stdout!.iterator({ destroyOnReturn: false })) {
    if (decoder.push(piece)) return decoder.toc;
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "close");
  if (child.exitCode === 0) throw decoder.truncated();
  return undefined;
}

function dumpError(child: ChildProcess, complaint: string): AppError {
  const lines = complaint.split("\n").filter((line) => line.trim() !== "");
  const first = (lines.find((line) => line.includes("error:")) ?? lines[0] ?? "").replace(/^pg_dump: (error: )?/, "");
  const ending = child.signalCode === null ? `exit code ${child.exitCode}` : `signal ${child.signalCode}`;
  const message = `pg_dump could not describe the database (${ending}): ${first || "it does not say why"}`;
  if (/server version mismatch/.test(complaint)) {
    return new RefusedError("pg-dump-too-old", message, { details: lines });
  }
  if (/permission denied/.test(complaint)) {
    return new RefusedError("not-readable", message, {
      details: lines,
      hints: ["back up as the role that owns the database, or grant it SELECT on what it cannot read"],
    });
  }
  return new AppError("pg-dump-failed", message, { details: lines });
}

/** Ends pg_dump, whatever it is doing, and waits until it is gone. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  child.stdout?.resume().on("error", () => {});
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const last = setTimeout(() => child.kill("SIGKILL"), 5000);
  await gone;
  clearTimeout(last);
}
