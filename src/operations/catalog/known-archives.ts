import { stat } from "node:fs/promises";
import type { Settings } from "../../config/settings.ts";
import { AppError, ExitCode } from "../../errors.ts";
import type { Candidate } from "../list/archives-in.ts";
import type { ArchiveReaderThread } from "./archive-reader.ts";
import type { KnownArchive } from "./look-at-archive.ts";
import type { Outcome } from "./reader-messages.ts";

/** Archives that are asked for at once; each is opened and closed. */
const batchSize = 50;

interface Remembered {
  /** What was looked at. */
  key: string;
  known: KnownArchive;
}

/**
 * Remembers what archives are. One is looked into again when its size or its time has changed, or the keys that open it; one that
 * could not be looked into is looked into each time.
 */
export class KnownArchives {
  readonly #reader: ArchiveReaderThread;
  /** By place, then by path. */
  readonly #remembered = new Map<string, Map<string, Remembered>>();

  /** @param reader stays the caller's */
  constructor(reader: ArchiveReaderThread) {
    this.#reader = reader;
  }

  /**
   * What is known of archives by path, of those that are not gone meanwhile: looks at what is not known yet.
   * @returns also what is wrong with the keys, which concerns all that are encrypted
   */
  async know(
    placeId: string,
    candidates: readonly Candidate[],
    settings: Settings,
  ): Promise<{ known: Map<string, KnownArchive>; problem: AppError | undefined }> {
    const keys = await keyState(settings);
    const keyOf = ({ sizeBytes, modifiedAt }: Candidate): string => `${sizeBytes} ${modifiedAt.getTime()} ${keys}`;
    const before = this.#remembered.get(placeId);
    const remembered = new Map<string, Remembered>();
    const known = new Map<string, KnownArchive>();
    const unknown: Candidate[] = [];
    let problem: AppError | undefined;
    for (const candidate of candidates) {
      const found = before?.get(candidate.path);
      if (found?.key !== keyOf(candidate)) unknown.push(candidate);
      else {
        remembered.set(candidate.path, found);
        known.set(candidate.path, found.known);
      }
    }
    for (let at = 0; at < unknown.length; at += batchSize) {
      const batch = unknown.slice(at, at + batchSize);
      for (const [index, outcome] of (await this.#look(batch)).entries()) {
        const candidate = batch[index]!;
        const { path } = candidate;
        if ("value" in outcome) {
          known.set(path, outcome.value);
          remembered.set(path, { key: keyOf(candidate), known: outcome.value });
          continue;
        }
        const { code, message, hints, exitCode } = outcome.error;
        // Somebody has removed it meanwhile.
        if (code === "archive-missing") continue;
        if (exitCode === ExitCode.usage) problem ??= new AppError(code, message, { hints }, exitCode);
        known.set(path, unreadable(candidate, message, exitCode === ExitCode.usage));
      }
    }
    this.#remembered.set(placeId, remembered);
    return { known, problem };
  }

  /** One that is too large to be looked into must not hide the others. */
  async #look(batch: readonly Candidate[]): Promise<readonly Outcome<KnownArchive>[]> {
    const archives = batch.map(({ modifiedAt, path, sizeBytes }) => ({
      path,
      sizeBytes,
      modifiedAt: modifiedAt.getTime(),
    }));
    try {
      return await this.#reader.ask<"look">({ kind: "look", archives });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "archive-too-large") throw error;
      if (batch.length === 1) return [{ error }];
      const outcomes: Outcome<KnownArchive>[] = [];
      for (const candidate of batch) outcomes.push(...(await this.#look([candidate])));
      return outcomes;
    }
  }
}

function unreadable({ sizeBytes, modifiedAt, path }: Candidate, problem: string, isForKeys: boolean): KnownArchive {
  return {
    sizeBytes: sizeBytes ?? 0,
    time: modifiedAt.getTime(),
    instanceId: null,
    instanceKey: null,
    application: "",
    encrypted: isForKeys || path.endsWith(".age"),
    incremental: false,
    base: [],
    tags: [],
    state: isForKeys ? "unreadable" : "damaged",
    losses: 0,
    problem,
  };
}

/** Tells other keys from those that archives were looked at with. */
async function keyState({ ngwbackup }: Settings): Promise<string> {
  const { encryption } = ngwbackup;
  const files = [...(encryption.identityFiles ?? []), encryption.readPassphraseFile, encryption.passphraseFile];
  const states = files.map(async (path) => {
    const stats = path === undefined ? undefined : await stat(path).catch(() => undefined);
    return `${path} ${stats?.size} ${stats?.mtimeMs}`;
  });
  return (await Promise.all(states)).join("\n");
}
