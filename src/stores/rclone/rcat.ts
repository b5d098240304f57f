import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { ChildError, hasStarted } from "../../processes/child-process.ts";
import { messageOf } from "../../errors.ts";
import { rcloneError } from "./rclone-errors.ts";
import { type RcloneCall, type RcloneProgram, killAfterMs } from "./run-rclone.ts";

const keptStderrCharacters = 16 * 1024;

/** An upload under way: `rclone rcat`. */
export interface Upload {
  /** Resolves when rclone has taken the chunk. */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends the input and waits until rclone has stored all of it. */
  end(): Promise<void>;
  /** Ends rclone, whatever it has stored. May be called more than once, and after the end. */
  stop(): Promise<void>;
}

/**
 * Starts an upload to a path of a remote.
 * @throws AppError as `rcloneError` tells, as do all of its methods; the signal's reason when it is aborted
 */
export async function startUpload(rclone: RcloneProgram, target: string, call: RcloneCall): Promise<Upload> {
  const { doing, signal } = call;
  signal.throwIfAborted();
  const child: ChildProcessWithoutNullStreams = spawn(rclone.path, ["rcat", target], {
    env: { ...rclone.env },
    stdio: "pipe",
  });
  await hasStarted(child).catch((cause: unknown) => {
    throw rcloneError(new ChildError(`cannot run ${rclone.path}: ${messageOf(cause)}`, { cause }), doing);
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = `${stderr}${text}`.slice(-keptStderrCharacters);
  });
  child.stdout.resume();
  // What it means that rclone no longer reads is told by its end.
  child.stdin.on("error", () => {});
  child.on("error", () => {});
  let ended: { status: number | null } | undefined;
  const closed = new Promise<void>((resolve) => {
    child.on("close", (status) => {
      ended = { status };
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    if (ended !== undefined) return;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    await closed;
    clearTimeout(timer);
  };
  const onAbort = (): void => void stop();
  signal.addEventListener("abort", onAbort, { once: true });
  void closed.then(() => signal.removeEventListener("abort", onAbort));

  const failure = (): Error => {
    const status = ended?.status ?? undefined;
    const error = new ChildError("rclone rcat ended", { ...(status === undefined ? {} : { status }), stderr });
    return rcloneError(error, doing);
  };
  return {
    async write(chunk) {
      signal.throwIfAborted();
      const taken = await new Promise<boolean>((resolve) => {
        if (ended !== undefined) return resolve(false);
        // Taken back each time: a promise of the end would gather one for each chunk.
        const onClose = (): void => resolve(false);
        child.once("close", onClose);
        child.stdin.write(chunk, (error) => {
          child.off("close", onClose);
          resolve(error === undefined || error === null);
        });
      });
      signal.throwIfAborted();
      if (taken) return;
      await closed;
      throw failure();
    },
    async end() {
      signal.throwIfAborted();
      child.stdin.end();
      await closed;
      signal.throwIfAborted();
      if (ended?.status !== 0) throw failure();
    },
    stop,
  };
}
