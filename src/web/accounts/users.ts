import type { DatabaseSync } from "node:sqlite";
import { UsageError } from "../../errors.ts";
import { inTransaction } from "../../state/state-database.ts";
import type { Role } from "../api/common.ts";
import { hashOfNothing, hashPassword, isPasswordOf } from "./password-hash.ts";

/** Shortest password that is taken, in characters. */
export const shortestPassword = 12;

/** A user of the page. */
export interface User {
  name: string;
  role: Role;
  /** When the password was set, milliseconds since 1970. */
  changedAt: number;
}

/** Users of the page and their passwords. */
export class Users {
  readonly #database: DatabaseSync;
  readonly #nobodys = hashOfNothing();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** By name. */
  list(): User[] {
    return this.#database
      .prepare("SELECT name, role, changed_at FROM user ORDER BY name")
      .all()
      .map((row) => ({
        name: String(row["name"]),
        role: row["role"] as Role,
        changedAt: Number(row["changed_at"]),
      }));
  }

  isEmpty(): boolean {
    return this.#database.prepare("SELECT 1 FROM user LIMIT 1").get() === undefined;
  }

  /**
   * Sets a password; the user is made when there is none. Sessions of the user end, and failures to sign in are forgotten.
   * @param role undefined: as it is, or operator
   * @throws UsageError for a name or a password that is not taken
   */
  async setPassword(name: string, password: string, role: Role | undefined, nowMs: number): Promise<User> {
    refuseName(name);
    refusePassword(password);
    const hash = await hashPassword(password);
    return inTransaction(this.#database, () => {
      const present = this.#database.prepare("SELECT role FROM user WHERE name = ?").get(name);
      const newRole = role ?? (present?.["role"] as Role | undefined) ?? "operator";
      this.#database
        .prepare(
          `INSERT INTO user (name, role, password, changed_at) VALUES (?, ?, ?, ?)
           ON CONFLICT (name) DO UPDATE SET role = excluded.role, password = excluded.password, changed_at = excluded.changed_at`,
        )
        .run(name, newRole, hash, nowMs);
      this.#database.prepare("DELETE FROM session WHERE user = ?").run(name);
      this.#database.prepare("DELETE FROM failure WHERE user = ?").run(name);
      return { name, role: newRole, changedAt: nowMs };
    });
  }

  /**
   * Removes a user with sessions and tokens.
   * @throws UsageError when there is none of that name
   */
  remove(name: string): void {
    const { changes } = this.#database.prepare("DELETE FROM user WHERE name = ?").run(name);
    if (changes !== 0) return;
    const names = this.list().map((user) => user.name);
    throw new UsageError("no-such-user", `there is no user ${name}`, {
      hints: names.length === 0 ? [] : [`there are: ${names.join(", ")}`],
    });
  }

  /** Whether there is such a user with this password. A wrong name takes as long as a wrong password. */
  async isPasswordOf(name: string, password: string): Promise<boolean> {
    const row = this.#database.prepare("SELECT password FROM user WHERE name = ?").get(name);
    const isRight = await isPasswordOf(row === undefined ? this.#nobodys : String(row["password"]), password);
    return row !== undefined && isRight;
  }
}

function refuseName(name: string): void {
  if (/^[\p{L}\p{N}_.@-]{1,64}$/u.test(name)) return;
  throw new UsageError("user-name", `${JSON.stringify(name)} is no name of a user`, {
    hints: ["up to 64 letters, digits and _ . @ -"],
  });
}

function refusePassword(password: string): void {
  const length = [...password].length;
  if (length > 1000) throw new UsageError("long-password", "expected a password of at most 1000 characters");
  if (length >= shortestPassword) return;
  throw new UsageError(
    "short-password",
    `expected a password of at least ${shortestPassword} characters, found ${length}`,
    { hints: ["several words are easy to remember and hard to guess"] },
  );
}
