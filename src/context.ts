import type { Readable, Writable } from "node:stream";

/** A writable stream that may be a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** A readable stream that may be a terminal. */
export type InputStream = Readable & { readonly isTTY?: boolean; setRawMode?(mode: boolean): unknown };

/**
 * All that a command knows of the outside: streams, environment, clock, the wish to stop. Tests make their own;
 * no other module touches `process`.
 */
export interface Context {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Working folder against which relative paths count. */
  readonly cwd: string;
  /** The name the program was called by: `ngwbackup` or `nextgisweb`. */
  readonly calledAs: string;
  /** Process id, part of the names of temporary files, so that a later run can tell whether their owner lives. */
  readonly pid: number;
  /** Whether we are root, and so may give files to the user of the application. */
  readonly isRoot: boolean;
  now(): Date;
  /** Aborted by the first Ctrl-C or SIGTERM; its reason is the AppError to end with (exit 130 or 143). */
  readonly signal: AbortSignal;
}
