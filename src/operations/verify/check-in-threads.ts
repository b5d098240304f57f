import type { ByteSource } from "../../bytes.ts";
import { askThreads } from "../contents/ask-threads.ts";
import { unpackError } from "../contents/thread-error.ts";
import type { ProblemList } from "./problem-list.ts";
import type { BatchResult, VerifyThreadGiven, ZipEntryCheck } from "./thread-messages.ts";

/** What one message to a thread asks for: enough to be worth it, little enough to come out even. */
const batchBytes = 16 * 1024 * 1024;
const batchEntries = 500;

/**
 * Checks entries of a ZIP file in several threads. All of them have ended when this settles.
 * @param stored bytes of the archives, for threads that cannot read them by themselves
 * @param onBytes told how many bytes more were read
 * @throws AppError for anything but damage; the signal's reason
 */
export async function checkInThreads(
  given: VerifyThreadGiven,
  stored: readonly ByteSource[],
  checks: readonly ZipEntryCheck[],
  problems: ProblemList,
  onBytes: (bytes: number) => void,
  { threads, signal }: { threads?: number | undefined; signal: AbortSignal },
): Promise<void> {
  await askThreads<readonly ZipEntryCheck[], BatchResult>({
    module: new URL("./thread", import.meta.url),
    given,
    sources: stored,
    batches: cutBatches(checks),
    threads,
    onAnswer(_batch, { problems: found, error }) {
      for (const problem of found) problems.add(problem);
      if (error !== undefined) throw unpackError(error);
    },
    onBytes,
    signal,
  });
}

function cutBatches(checks: readonly ZipEntryCheck[]): ZipEntryCheck[][] {
  const batches: ZipEntryCheck[][] = [];
  let bytes = Infinity;
  for (const one of checks) {
    let last = batches.at(-1);
    if (last === undefined || bytes >= batchBytes || last.length >= batchEntries) {
      last = [];
      batches.push(last);
      bytes = 0;
    }
    last.push(one);
    bytes += one.place.entry.storedBytes;
  }
  return batches;
}
