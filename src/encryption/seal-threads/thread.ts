/*
 * A thread of its own that encrypts: Node's ciphers work on the thread that asks, and the main thread has the archive to write.
 */
import { parentPort, workerData } from "node:worker_threads";
import { sealSlab } from "../seal-slab.ts";
import type { SealAnswer, SealRequest, SealThreadGiven } from "./messages.ts";

const { key } = workerData as SealThreadGiven;

parentPort?.on("message", (request: SealRequest) => {
  const answer: SealAnswer = sealSlab(key, request);
  parentPort?.postMessage(answer, [answer.slab]);
});
