/*
 * A thread of its own that checks entries: Node computes digests only on the thread that asks, so that one thread alone
 * leaves the other cores idle.
 */
import { parentPort, workerData } from "node:worker_threads";
import { DamagedError } from "../../errors.ts";
import type { ThreadData } from "../contents/ask-threads.ts";
import { AskedRanges } from "../contents/asked-ranges.ts";
import { SharedByteCount } from "../contents/shared-byte-count.ts";
import { namedDamage } from "../contents/named-damage.ts";
import { packError } from "../contents/thread-error.ts";
import { ThreadSource } from "../contents/thread-source.ts";
import { checkEntry } from "./check-entry.ts";
import { entryProblem } from "./problem-list.ts";
import type { BatchResult, VerifyThreadGiven, ZipEntryCheck } from "./thread-messages.ts";

const { given, count: memory, line } = workerData as ThreadData<VerifyThreadGiven>;
const source = new ThreadSource(given.archives, new AskedRanges(line));
const count = new SharedByteCount(memory);

async function checkBatch(batch: readonly ZipEntryCheck[]): Promise<BatchResult> {
  const problems: BatchResult["problems"] = [];
  for (const { check, place } of batch)
    try {
      const content = source.content(place, check.codec === "none" || !check.decode);
      problems.push(...(await checkEntry(check, content, (bytes) => count.add(bytes))));
    } catch (error) {
      if (!(error instanceof DamagedError)) return { problems, error: packError(error) };
      const named = namedDamage(given.label, check.entry.name, error);
      problems.push(entryProblem(given.label, named));
    }
  return { problems, error: undefined };
}

parentPort?.on("message", (batch: readonly ZipEntryCheck[]) => {
  void checkBatch(batch).then((result) => parentPort?.postMessage(result));
});
