import { setTimeout as sleep } from "node:timers/promises";
import type { Settings } from "../../config/settings.ts";
import { AppError } from "../../errors.ts";
import { silentReporter } from "../../progress.ts";
import { findOwnInstance } from "../prune/own-instance.ts";

const keptMs = 60_000;
/** A database that does not answer must not keep a list from being shown. */
const patienceMs = 1500;

/** Knows by which key archives of the configured instance are told, as its database says. */
export class OwnInstanceKey {
  #asked: { about: string; atMs: number; key: Promise<string | undefined> } | undefined;

  /** Undefined when the database cannot be asked, or not soon. */
  async get(settings: Settings): Promise<string | undefined> {
    const { host, port, database, user } = settings.database;
    const about = JSON.stringify([host, port, database, user]);
    const nowMs = performance.now();
    if (this.#asked === undefined || this.#asked.about !== about || nowMs - this.#asked.atMs > keptMs)
      this.#asked = { about, atMs: nowMs, key: keyOf(settings) };
    const waiting = new AbortController();
    try {
      return await Promise.race([
        this.#asked.key,
        sleep(patienceMs, undefined, { signal: waiting.signal }).catch(() => undefined),
      ]);
    } finally {
      waiting.abort();
    }
  }
}

async function keyOf(settings: Settings): Promise<string | undefined> {
  try {
    const own = await findOwnInstance(settings, silentReporter, { isLocking: false, isNamed: false });
    await own?.release();
    return own?.key;
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
