import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { AppError, messageOf, RefusedError } from "../errors.ts";
import { hasStarted } from "../processes/child-process.ts";
import { libpqEnvironment } from "./connection-parameters.ts";
import { lockHint } from "./lock-holders.ts";
import { quoteIdentifier } from "./quoting.ts";
import { lockSpaceHint, recoveryHints } from "./server-error.ts";
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
  /**
   * How long pg_dump waits for tables that somebody alters, 5 s when left out; in all it may be as often as there are such tables.
   * Who waits for us keeps others from his table as long.
   */
  lockWaitMs?: number;
  /** Encoding of all texts; `dumpEncoding` of snapshot.ts tells which. UTF8 when left out. */
  encoding?: string;
  /**
   * Called with the table while pg_dump still holds its locks (unless the database is so small that it has ended), so
   * that locks of our own can follow without a gap.
   */
  whileLocked?: (toc: Toc) => Promise<void>;
  signal?: AbortSignal;
}

const defaultLockWaitMs = 5_000;

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
  const closed = once(child, "close");
  // Not sent when the program cannot be started; then nobody waits for it.
  closed.catch(() => {});
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
  const interruption = new Interruption(options.signal);
  try {
    const toc = await Promise.race([readToc(child, closed), interruption.came]);
    if (toc === undefined) throw dumpError(child, complaint);
    const directoryToc = toDirectoryToc(toc);
    await options.whileLocked?.(directoryToc);
    return directoryToc;
  } finally {
    interruption.forget();
    await end(child);
  }
}

function dumpArguments(options: DumpTocOptions): string[] {
  return [
    "--format=custom",
    "--compress=0",
    "--no-password",
    `--lock-wait-timeout=${options.lockWaitMs ?? defaultLockWaitMs}`,
    `--encoding=${options.encoding ?? "UTF8"}`,
    `--snapshot=${options.snapshot}`,
    // a pattern; in quotes nothing in it is special
    ...(options.excludeSchemas ?? []).map((schema) => `--exclude-schema=${quoteIdentifier(schema)}`),
  ];
}

/** @returns undefined when the output ends before the table does */
async function readToc(child: ChildProcess, closed: Promise<unknown>): Promise<Toc | undefined> {
  const decoder = new TocDecoder("the output of pg_dump");
  // a destroyed pipe would end pg_dump, and with it its locks, before the caller has taken its own
  for await (const piece of child.stdout!.iterator({ destroyOnReturn: false })) {
    try {
      if (decoder.push(piece)) return decoder.toc;
    } catch (error) {
      throw error instanceof AppError ? badOutput(error) : error;
    }
  }
  // Its last words come by another pipe.
  await closed;
  if (child.exitCode === 0) throw badOutput(decoder.truncated());
  return undefined;
}

/** Nobody's archive is damaged: the program that was found is not, or not alone, what it says. */
function badOutput(error: AppError): AppError {
  return new AppError("pg-dump-failed", error.message, {
    cause: error,
    hints: [
      "does a script stand in pg_dump's place? pg_bindir in section [ngwbackup] of the configuration names a folder",
    ],
  });
}

function dumpError(child: ChildProcess, complaint: string): AppError {
  const lines = complaint.split("\n").filter((line) => line.trim() !== "");
  const first = (lines.find((line) => line.includes("error:")) ?? lines[0] ?? "").replace(/^pg_dump: (error: )?/, "");
  const ending = child.signalCode === null ? `exit code ${child.exitCode}` : `signal ${child.signalCode}`;
  const message = `pg_dump could not describe the database (${ending}): ${first || "it does not say why"}`;
  if (/server version mismatch/.test(complaint)) {
    return new RefusedError("pg-dump-too-old", message, {
      details: lines,
      hints: ["name the folder of one as new as the server: pg_bindir in section [ngwbackup] of the configuration"],
    });
  }
  if (/permission denied/.test(complaint)) {
    return new RefusedError("not-readable", message, {
      details: lines,
      hints: ["back up as the role that owns the database, or grant it SELECT on what it cannot read"],
    });
  }
  if (/out of shared memory|max_locks_per_transaction/.test(complaint)) {
    return new RefusedError("no-lock-space", message, {
      details: lines,
      hints: [lockSpaceHint],
    });
  }
  if (/(?:relation|table) .*does not exist|could not open relation with OID/.test(complaint)) {
    return new RefusedError("table-dropped", `something was dropped in the meantime: ${first}`, {
      details: lines,
      hints: ["try again"],
    });
  }
  if (/conflict with recovery/.test(complaint)) {
    return new AppError("recovery-conflict", `the standby has cancelled what pg_dump read: ${first}`, {
      hints: recoveryHints,
    });
  }
  if (/lock timeout|statement timeout|deadlock detected|could not obtain lock/.test(complaint)) {
    // Who holds them is added by who can ask the server.
    return new RefusedError("tables-locked", `a table stayed locked by others`, {
      hints: [lockHint],
    });
  }
  const hints =
    child.signalCode === null
      ? ["see what the server's log says: ngwbackup check tries connection and pg_dump", "then try again"]
      : ["something else has ended it, such as a lack of memory: dmesg | tail", "then try again"];
  return new AppError("pg-dump-failed", message, { details: lines, hints });
}

/** Ends pg_dump, whatever it is doing, and waits until it is gone. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  child.stdout?.resume().on("error", () => {});
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const last = setTimeout(() => child.kill("SIGKILL"), 5000);
    await gone;
    clearTimeout(last);
  }
  // Something that it has started may hold the other ends.
  child.stdout?.destroy();
  child.stderr?.destroy();
}

/** An abort as something that can be raced, whatever the child does about its signals. */
class Interruption {
  readonly came: Promise<never>;
  readonly #signal: AbortSignal | undefined;
  #tell: () => void = () => {};

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.came = new Promise((_, reject) => {
      this.#tell = () => reject(signal?.reason as Error);
    });
    this.came.catch(() => {});
    signal?.addEventListener("abort", this.#tell, { once: true });
  }

  forget(): void {
    this.#signal?.removeEventListener("abort", this.#tell);
  }
}
