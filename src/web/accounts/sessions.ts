import type { DatabaseSync } from "node:sqlite";
import type { Role } from "../api/common.ts";
import { noteUse } from "./note-use.ts";
import { csrfTokenOf, digestOf, newSecret } from "./secret.ts";

const hourMs = 60 * 60 * 1000;
/** A session ends so long after its last request. */
const idleMs = 12 * hourMs;
/** And so long after its beginning, whatever is done with it. */
const absoluteMs = 7 * 24 * hourMs;
/** When the last request was is noted to the minute. */
const seenStepMs = 60_000;

/** A session that goes on. */
export interface FoundSession {
  user: string;
  /** What the user may do now. */
  role: Role;
  csrfToken: string;
  /** When it ends if nothing more is asked; milliseconds since 1970. */
  expiresAtMs: number;
}

/** Who is signed in. Their secrets, which cookies hold, are kept as digests. */
export class Sessions {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Begins a session.
   * @returns its secret
   */
  begin(user: string, nowMs: number): string {
    this.#database
      .prepare("DELETE FROM session WHERE seen_at <= ? OR created_at <= ?")
      .run(nowMs - idleMs, nowMs - absoluteMs);
    const secret = newSecret();
    this.#database
      .prepare("INSERT INTO session (digest, user, created_at, seen_at) VALUES (?, ?, ?, ?)")
      .run(digestOf(secret), user, nowMs, nowMs);
    return secret;
  }

  /** Finds the session of a secret, and notes that it is in use. */
  use(secret: string, nowMs: number): FoundSession | undefined {
    const digest = digestOf(secret);
    const row = this.#row(digest, nowMs);
    if (row === undefined) return undefined;
    if (nowMs - Number(row["seen_at"]) >= seenStepMs)
      noteUse(() => this.#database.prepare("UPDATE session SET seen_at = ? WHERE digest = ?").run(nowMs, digest));
    return {
      user: String(row["user"]),
      role: row["role"] as Role,
      csrfToken: csrfTokenOf(secret),
      expiresAtMs: Math.min(nowMs + idleMs, Number(row["created_at"]) + absoluteMs),
    };
  }

  /** Whether a session goes on; its being asked for does not prolong it. */
  isOpen(secret: string, nowMs: number): boolean {
    return this.#row(digestOf(secret), nowMs) !== undefined;
  }

  /** Ends a session, if there is one. */
  end(secret: string): void {
    this.#database.prepare("DELETE FROM session WHERE digest = ?").run(digestOf(secret));
  }

  #row(digest: string, nowMs: number): Record<string, unknown> | undefined {
    return this.#database
      .prepare(
        `SELECT user, created_at, seen_at, role FROM session JOIN user ON user.name = session.user
         WHERE digest = ? AND seen_at > ? AND created_at > ?`,
      )
      .get(digest, nowMs - idleMs, nowMs - absoluteMs);
  }
}

/** How long a browser keeps the cookie of a session, in seconds. */
export const cookieSeconds = absoluteMs / 1000;
