import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { ChildError, runChild } from "../../processes/child-process.ts";
import { isMissing, isPassing, rcloneError } from "./rclone-errors.ts";

/** The installed rclone, and what it finds its remotes by. */
export interface RcloneProgram {
  /** A path, or a name on PATH. */
  path: string;
  /** The whole environment, `RCLONE_...` included: secrets stand there or in rclone's configuration, never in arguments. */
  env: Readonly<Record<string, string | undefined>>;
}

/** How often what fails for a moment is tried in all, and the pause before the second try. */
const tries = 3;
const firstPauseMs = 500;
/** rclone takes away what it has begun when it is asked to end. */
export const killAfterMs = 10_000;

/** How one command of rclone is run. */
export interface RcloneCall {
  /** For messages: `list rclone:nas:backup`. */
  doing: string;
  signal: AbortSignal;
}

/**
 * Runs a command of rclone to its end; what fails for a moment is tried again.
 * @returns what it printed; undefined when it says that there is nothing under the path
 * @throws AppError as `rcloneError` tells, the signal's reason
 */
export async function askRclone(
  rclone: RcloneProgram,
  args: readonly string[],
  call: RcloneCall,
): Promise<string | undefined> {
  return (await readRclone(rclone, args, call))?.toString("utf8");
}

/** Like {@link askRclone}, for output that is no text. */
export async function readRclone(
  rclone: RcloneProgram,
  args: readonly string[],
  { doing, signal }: RcloneCall,
): Promise<Buffer | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const chunks: Buffer[] = [];
    const stdout = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    try {
      const label = `rclone ${args[0] ?? ""}`;
      await runChild(rclone.path, args, { env: rclone.env, signal, stdout, label, killAfterMs });
      return Buffer.concat(chunks);
    } catch (error) {
      if (!(error instanceof ChildError)) throw error;
      if (isMissing(error)) return undefined;
      if (attempt >= tries || !isPassing(error)) throw rcloneError(error, doing);
      await sleep(firstPauseMs * 4 ** (attempt - 1), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
