import type { DatabaseSync } from "node:sqlite";
import type { RunSettings } from "../../config/run-options.ts";
import type { Context } from "../../context.ts";
import { WebError } from "../web-error.ts";
import { AuditTrail } from "./audit-trail.ts";
import { OneAtATime } from "./one-at-a-time.ts";
import { Sessions } from "./sessions.ts";
import { SignInLimits } from "./sign-in-limits.ts";
import { Tokens } from "./tokens.ts";
import { Users } from "./users.ts";
import { openWebDatabase } from "./web-database.ts";

/** Who failed to sign in under a name that nobody has. */
const noSuchUser = "no such user";

/** Who may use the page, who does, and who did what. Whoever opens it closes it. */
export class Accounts {
  readonly users: Users;
  readonly sessions: Sessions;
  readonly tokens: Tokens;
  readonly audit: AuditTrail;
  readonly #limits: SignInLimits;
  readonly #checks = new OneAtATime();
  readonly #database: DatabaseSync;
  readonly #context: Context;

  private constructor(database: DatabaseSync, { historyKeepMs }: RunSettings, context: Context) {
    this.#database = database;
    this.#context = context;
    this.users = new Users(database);
    this.sessions = new Sessions(database);
    this.tokens = new Tokens(database);
    this.audit = new AuditTrail(database, historyKeepMs);
    this.#limits = new SignInLimits(database);
  }

  /**
   * Opens those of the configured state folder.
   * @throws UsageError when no place for them is configured; AppError when it cannot be used
   */
  static async open(settings: RunSettings, context: Context): Promise<Accounts> {
    return new Accounts(await openWebDatabase(settings, context.isRoot), settings, context);
  }

  /** By the clock of the context; milliseconds since 1970. */
  nowMs(): number {
    return this.#context.now().getTime();
  }

  /**
   * Begins a session for whoever knows the password, and notes it, or the failure, in the audit trail.
   * @param address the client's
   * @returns the session's secret
   * @throws WebError wrong-password, locked-out or busy
   */
  async signIn(user: string, password: string, address: string): Promise<string> {
    this.#refuseHaste(user, address);
    return await this.#checks.run(async () => {
      // Those before in the queue may have failed meanwhile.
      this.#refuseHaste(user, address);
      const isRight = await this.users.isPasswordOf(user, password);
      const nowMs = this.nowMs();
      const action = isRight ? "sign-in" : "sign-in-failed";
      // What was typed for a name may be a password.
      const who = isRight || this.users.list().some(({ name }) => name === user) ? user : noSuchUser;
      this.audit.note({ atMs: nowMs, who, address, action, subject: null, runId: null });
      if (!isRight) {
        this.#limits.count(user, address, nowMs);
        throw new WebError(401, "wrong-password", "name or password is wrong");
      }
      this.#limits.forgive(user, address, nowMs);
      return this.sessions.begin(user, nowMs);
    });
  }

  close(): void {
    this.#database.close();
  }

  #refuseHaste(user: string, address: string): void {
    const waitMs = this.#limits.waitMs(user, address, this.nowMs());
    if (waitMs === 0) return;
    const retryAfterS = Math.ceil(waitMs / 1000);
    throw new WebError(429, "locked-out", "too many failures to sign in", {
      retryAfterS,
      hints: [
        `try again in ${retryAfterS < 120 ? `${retryAfterS} seconds` : `${Math.ceil(retryAfterS / 60)} minutes`}`,
      ],
    });
  }
}
