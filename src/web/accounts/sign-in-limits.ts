import type { DatabaseSync } from "node:sqlite";
import { addressBlock, isLoopback } from "./client-address.ts";

const hourMs = 60 * 60 * 1000;
/** Failures are forgotten so long after the last one. */
const forgetMs = 24 * hourMs;
/** An address from which a user has signed in is known for so long. */
const knownMs = 90 * 24 * hourMs;

/** How failures slow down: the first are free, then each doubles the wait after it. */
interface Slowing {
  free: number;
  firstMs: number;
  mostMs: number;
}

/** Of one address, whomever it tries to be. */
const ofAddress: Slowing = { free: 5, firstMs: 30_000, mostMs: hourMs };
/** Of one user, from all addresses that are not known. The wait stays short: it is what a stranger can do to a user. */
const ofUser: Slowing = { free: 20, firstMs: 5_000, mostMs: 60_000 };

/**
 * Slows down guessing: by address, and by user against many addresses. From an address that a user has signed in from
 * before, and from this machine, strangers' failures do not count, so that they cannot lock the user out.
 */
export class SignInLimits {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** How long nobody may try, in milliseconds; 0: now. */
  waitMs(user: string, address: string, nowMs: number): number {
    const block = addressBlock(address);
    const byAddress = this.#database
      .prepare("SELECT sum(count) AS count, max(last_at) AS last FROM failure WHERE address = ? AND last_at > ?")
      .get(block, nowMs - forgetMs);
    const waits = [waitOf(byAddress, ofAddress, nowMs)];
    if (!this.#isKnown(user, address, nowMs)) {
      const byUser = this.#database
        .prepare(
          `SELECT sum(count) AS count, max(last_at) AS last FROM failure
           WHERE user = ? AND last_at > ? AND address NOT IN (SELECT address FROM known_address WHERE user = ?)`,
        )
        .get(user, nowMs - forgetMs, user);
      waits.push(waitOf(byUser, ofUser, nowMs));
    }
    return Math.max(...waits);
  }

  /** Counts a trial that failed. */
  count(user: string, address: string, nowMs: number): void {
    this.#database.prepare("DELETE FROM failure WHERE last_at <= ?").run(nowMs - forgetMs);
    this.#database
      .prepare(
        `INSERT INTO failure (address, user, count, last_at) VALUES (?, ?, 1, ?)
         ON CONFLICT (address, user) DO UPDATE SET count = count + 1, last_at = excluded.last_at`,
      )
      .run(addressBlock(address), user, nowMs);
  }

  /** The trial was good: what this user failed here is forgotten, what this address failed as others is not. */
  forgive(user: string, address: string, nowMs: number): void {
    const block = addressBlock(address);
    this.#database.prepare("DELETE FROM failure WHERE address = ? AND user = ?").run(block, user);
    this.#database.prepare("DELETE FROM known_address WHERE last_at <= ?").run(nowMs - knownMs);
    this.#database
      .prepare(
        `INSERT INTO known_address (user, address, last_at) VALUES (?, ?, ?)
         ON CONFLICT (user, address) DO UPDATE SET last_at = excluded.last_at`,
      )
      .run(user, block, nowMs);
  }

  #isKnown(user: string, address: string, nowMs: number): boolean {
    if (isLoopback(address)) return true;
    const row = this.#database
      .prepare("SELECT 1 FROM known_address WHERE user = ? AND address = ? AND last_at > ?")
      .get(user, addressBlock(address), nowMs - knownMs);
    return row !== undefined;
  }
}

function waitOf(sum: Record<string, unknown> | undefined, { free, firstMs, mostMs }: Slowing, nowMs: number): number {
  const over = Number(sum?.["count"] ?? 0) - free;
  if (over < 0) return 0;
  const pauseMs = Math.min(mostMs, firstMs * 2 ** over);
  // A clock that was set back must not lock for longer.
  return Math.min(pauseMs, Math.max(0, Number(sum?.["last"]) + pauseMs - nowMs));
}
