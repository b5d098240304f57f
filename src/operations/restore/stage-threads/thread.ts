/*
 * A thread of its own that writes files aside. Calls that wait are right here, and the main thread has the rows to send
 * meanwhile.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { ThreadData } from "../../contents/ask-threads.ts";
import { AskedRanges } from "../../contents/asked-ranges.ts";
import { SharedByteCount } from "../../contents/shared-byte-count.ts";
import { packError } from "../../contents/thread-error.ts";
import { ThreadSource } from "../../contents/thread-source.ts";
import { stageWanted } from "../file-to-stage.ts";
import type { BatchStaged, StageThreadGiven, ZipFileToStage } from "./messages.ts";

const { given, count: memory, line } = workerData as ThreadData<StageThreadGiven>;
const source = new ThreadSource(given.archives, new AskedRanges(line));
const count = new SharedByteCount(memory);

async function stageBatch(batch: readonly ZipFileToStage[]): Promise<BatchStaged> {
  const reused: boolean[] = [];
  try {
    for (const { wanted, place } of batch) {
      const content = (): AsyncIterable<Buffer> => source.content(place, wanted.codec === "none");
      const { files, hold, label } = given;
      reused.push(await stageWanted(files, wanted, hold, label, content, (bytes) => count.add(bytes)));
    }
    return { reused, error: undefined };
  } catch (error) {
    return { reused, error: packError(error) };
  }
}

parentPort?.on("message", (batch: readonly ZipFileToStage[]) => {
  void stageBatch(batch).then((result) => parentPort?.postMessage(result));
});
