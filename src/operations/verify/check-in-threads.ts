import { availableParallelism } from "node:os";
import { AnsweringThread } from "../../answering-thread.ts";
import { AppError } from "../../errors.ts";
import type { ProblemList } from "./problem-list.ts";
import type { BatchResult, ThreadArchive, ZipEntryCheck } from "./thread-messages.ts";

/** What one message to a thread asks for: enough to be worth it, little enough to come out even. */
const batchBytes = 16 * 1024 * 1024;
const batchEntries = 500;
const mostThreads = 8;

/**
 * Checks entries of a ZIP file in several threads. All of them have ended when this settles.
 * @param onChecked called with the entries of each batch that is done
 * @throws AppError for anything but damage; the signal's reason
 */
export async function checkInThreads(
  archive: ThreadArchive,
  checks: readonly ZipEntryCheck[],
  problems: ProblemList,
  onChecked: (checks: readonly ZipEntryCheck[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const batches = cutBatches(checks);
  let next = 0;
  const count = Math.min(batches.length, mostThreads, Math.max(2, availableParallelism()));
  const run = async (): Promise<void> => {
    const thread = new AnsweringThread<readonly ZipEntryCheck[], BatchResult>(new URL("./thread", import.meta.url), {
      data: archive,
      heap: { maxYoungGenerationSizeMb: 4 },
    });
    try {
      for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) {
        signal.throwIfAborted();
        const result = await thread.ask(batch);
        for (const problem of result.problems) problems.add(problem);
        if (result.error !== undefined) throw new AppError(result.error.code, result.error.message);
        onChecked(batch);
      }
    } catch (error) {
      next = batches.length;
      throw error;
    } finally {
      await thread.close();
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: count }, run));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

function cutBatches(checks: readonly ZipEntryCheck[]): ZipEntryCheck[][] {
  const batches: ZipEntryCheck[][] = [];
  let bytes = Infinity;
  for (const check of checks) {
    let last = batches.at(-1);
    if (last === undefined || bytes >= batchBytes || last.length >= batchEntries) {
      last = [];
      batches.push(last);
      bytes = 0;
    }
    last.push(check);
    bytes += check.entry.storedBytes;
  }
  return batches;
}
