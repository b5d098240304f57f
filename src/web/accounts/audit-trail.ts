import type { DatabaseSync } from "node:sqlite";

/** One thing that somebody did. */
export interface AuditRecord {
  id: number;
  /** Milliseconds since 1970. */
  atMs: number;
  who: string;
  address: string;
  action: string;
  subject: string | null;
  runId: number | null;
}

/** Longest text that is kept: what is given at a sign-in that fails may be anything. */
const longestText = 500;

/** Who did what, and when. */
export class AuditTrail {
  readonly #database: DatabaseSync;
  readonly #keepMs: number;

  /** @param keepMs how long it is kept */
  constructor(database: DatabaseSync, keepMs: number) {
    this.#database = database;
    this.#keepMs = keepMs;
  }

  /** Notes what is done; what is too old goes. */
  note({ atMs, who, address, action, subject, runId }: Omit<AuditRecord, "id">): void {
    this.#database.prepare("DELETE FROM audit WHERE at < ?").run(atMs - this.#keepMs);
    this.#database
      .prepare("INSERT INTO audit (at, who, address, action, subject, run_id) VALUES (?, ?, ?, ?, ?, ?)")
      .run(
        atMs,
        who.slice(0, longestText),
        address.slice(0, 100),
        action,
        subject?.slice(0, longestText) ?? null,
        runId,
      );
  }

  /** Newest first. */
  list(limit: number): AuditRecord[] {
    return this.#database
      .prepare("SELECT id, at, who, address, action, subject, run_id FROM audit ORDER BY id DESC LIMIT ?")
      .all(limit)
      .map((row) => ({
        id: Number(row["id"]),
        atMs: Number(row["at"]),
        who: String(row["who"]),
        address: String(row["address"]),
        action: String(row["action"]),
        subject: row["subject"] === null ? null : String(row["subject"]),
        runId: row["run_id"] === null ? null : Number(row["run_id"]),
      }));
  }
}
