import type { DatabaseSync } from "node:sqlite";
import { RefusedError } from "../../errors.ts";
import type { Role } from "../api/common.ts";
import { notFound } from "../web-error.ts";
import { noteUse } from "./note-use.ts";
import { digestOf, newSecret } from "./secret.ts";

/** By which people and scanners of leaked secrets know one. */
const prefix = "ngwb_";
/** When it was used last is noted to the minute. */
const usedStepMs = 60_000;

/** A token for the API. Moments are milliseconds since 1970. */
export interface TokenFacts {
  id: number;
  name: string;
  role: Role;
  createdAtMs: number;
  createdBy: string;
  usedAtMs: number | null;
}

/** Tokens for programs that use the API. They go with the user who made them, and are worth no more than that user. */
export class Tokens {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Newest first. */
  list(): TokenFacts[] {
    return this.#database.prepare(`${select} ORDER BY id DESC`).all().map(factsOf);
  }

  /**
   * Makes one.
   * @returns it with its secret, which is told nowhere else
   * @throws RefusedError name-taken
   */
  create(name: string, role: Role, createdBy: string, nowMs: number): { token: TokenFacts; secret: string } {
    if (this.#database.prepare("SELECT 1 FROM token WHERE name = ?").get(name) !== undefined)
      throw new RefusedError("name-taken", `there is a token ${JSON.stringify(name)} already`, {
        hints: ["choose another name, or take that one back first"],
      });
    const secret = prefix + newSecret();
    const { lastInsertRowid } = this.#database
      .prepare("INSERT INTO token (digest, name, role, created_at, created_by) VALUES (?, ?, ?, ?, ?)")
      .run(digestOf(secret), name, role, nowMs, createdBy);
    const id = Number(lastInsertRowid);
    return { token: { id, name, role, createdAtMs: nowMs, createdBy, usedAtMs: null }, secret };
  }

  /**
   * Takes one back.
   * @returns what it was
   * @throws WebError not-found
   */
  remove(id: number): TokenFacts {
    const row = this.#database.prepare(`${select} WHERE token.id = ?`).get(id);
    if (row === undefined) throw notFound(`token ${id}`);
    this.#database.prepare("DELETE FROM token WHERE id = ?").run(id);
    return factsOf(row);
  }

  /** Finds the token of a secret, and notes that it is in use. */
  use(secret: string, nowMs: number): TokenFacts | undefined {
    const row = this.#database.prepare(`${select} WHERE token.digest = ?`).get(digestOf(secret));
    if (row === undefined) return undefined;
    const facts = factsOf(row);
    if (nowMs - (facts.usedAtMs ?? 0) >= usedStepMs)
      noteUse(() => this.#database.prepare("UPDATE token SET used_at = ? WHERE id = ?").run(nowMs, facts.id));
    return facts;
  }

  /** Whether it has not been taken back. */
  isKnown(id: number): boolean {
    return this.#database.prepare("SELECT 1 FROM token WHERE id = ?").get(id) !== undefined;
  }
}

/** An operator's token becomes a viewer's when the operator becomes one. */
const select = `SELECT token.id, token.name, token.created_at, token.created_by, token.used_at,
    CASE user.role WHEN 'operator' THEN token.role ELSE 'viewer' END AS role
  FROM token JOIN user ON user.name = token.created_by`;

function factsOf(row: Record<string, unknown>): TokenFacts {
  return {
    id: Number(row["id"]),
    name: String(row["name"]),
    role: row["role"] as Role,
    createdAtMs: Number(row["created_at"]),
    createdBy: String(row["created_by"]),
    usedAtMs: row["used_at"] === null ? null : Number(row["used_at"]),
  };
}
