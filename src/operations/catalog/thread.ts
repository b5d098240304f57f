/*
 * A thread of its own that looks into archives: a manifest may have a million lines, and whoever serves others meanwhile cannot
 * wait for them, nor for the memory of a directory as long.
 */
import { PassThrough } from "node:stream";
import { parentPort, workerData } from "node:worker_threads";
import type { Context } from "../../context.ts";
import { systemFailure } from "../../disk-errors.ts";
import { forEachAtOnce } from "../../for-each-at-once.ts";
import { silentReporter } from "../../progress.ts";
import { gatherFacts } from "../prune/archive-facts.ts";
import { factsElsewhere } from "../prune/elsewhere.ts";
import { type ArchiveAccess, accessByNeed } from "../stores/archive-access.ts";
import { viewArchive } from "../view/archive-view.ts";
import { compareViews } from "../view/compare-views.ts";
import { type KnownArchive, lookAtArchive } from "./look-at-archive.ts";
import {
  type Outcome,
  type ReaderAnswers,
  type ReaderQuestion,
  type ReaderSurroundings,
  packAppError,
} from "./reader-messages.ts";

/** Each waits for a few answers of a store. */
const openedAtOnce = 8;

const { env, cwd, configPaths, pid, isRoot } = workerData as ReaderSurroundings;
const context: Context = {
  stdin: new PassThrough().end(),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  env,
  cwd,
  calledAs: "ngwbackup",
  pid,
  isRoot,
  now: () => new Date(),
  signal: new AbortController().signal,
};

async function answer(question: ReaderQuestion): Promise<ReaderAnswers[ReaderQuestion["kind"]]> {
  // Keys and configuration as they are now.
  const access = accessByNeed(configPaths, context, silentReporter);
  switch (question.kind) {
    case "look":
      return await lookAtAll(question, access);
    case "view":
      return (await viewArchive(question.archive, access)).view;
    case "compare": {
      const before = await viewArchive(question.against, access);
      return compareViews(await viewArchive(question.archive, access), before);
    }
    case "facts": {
      const archives = await gatherFacts(question.where, access);
      return { archives, elsewhere: await factsElsewhere(await access.load(), question.where, access) };
    }
  }
}

async function lookAtAll(
  { archives }: Extract<ReaderQuestion, { kind: "look" }>,
  access: ArchiveAccess,
): Promise<Outcome<KnownArchive>[]> {
  const outcomes: Outcome<KnownArchive>[] = [];
  await forEachAtOnce(archives.entries(), openedAtOnce, async ([index, archive]) => {
    outcomes[index] = await outcomeOf(async () => await lookAtArchive(archive, access));
  });
  return outcomes;
}

async function outcomeOf<T>(action: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await action() };
  } catch (error) {
    return { error: packAppError(systemFailure(error)) };
  }
}

let previous: Promise<void> = Promise.resolve();
parentPort?.on("message", (question: ReaderQuestion) => {
  // One after another, as they are answered in order; a defect ends the thread.
  previous = previous.then(async () => parentPort?.postMessage(await outcomeOf(async () => await answer(question))));
});
