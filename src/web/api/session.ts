import { type Static, Type } from "typebox";
import { Moment, Role, nullable } from "./common.ts";

/** `GET /api/session`, and the answer to signing in: who is there. 401 `sign-in-needed` when nobody is, `no-users` while there is no password. */
export const Session = Type.Object({
  user: Type.String(),
  role: Role,
  /** To be sent as `x-csrf-token` with everything that is not GET. */
  csrfToken: Type.String(),
  expiresAt: Moment,
});
export type Session = Static<typeof Session>;

/** `POST /api/session`: signs in. 401 `wrong-password`; 429 `locked-out` with `retry-after`. `DELETE /api/session` signs out. */
export const SignIn = Type.Object({
  user: Type.String({ minLength: 1, maxLength: 200 }),
  password: Type.String({ minLength: 1, maxLength: 1000 }),
});
export type SignIn = Static<typeof SignIn>;

/** A token for the API, without itself. `GET /api/tokens`; operators only, as all of tokens and audit. */
export const Token = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  role: Role,
  createdAt: Moment,
  createdBy: Type.String(),
  lastUsedAt: nullable(Moment),
});
export type Token = Static<typeof Token>;

/**
 * `POST /api/tokens`. `DELETE /api/tokens/:id` takes one back. The name stands in the environment of runs and in the audit trail:
 * it has no control characters.
 */
export const NewToken = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 100, pattern: "^[^\\u0000-\\u001f\\u007f-\\u009f]*$" }),
  role: Role,
});
export type NewToken = Static<typeof NewToken>;

/** The answer: the only time that the token itself is shown. */
export const CreatedToken = Type.Object({ token: Token, secret: Type.String() });
export type CreatedToken = Static<typeof CreatedToken>;

/** `GET /api/audit?limit=`: who did what, newest first. */
export const AuditEntry = Type.Object({
  id: Type.Integer(),
  at: Moment,
  /** A user's name, `token NAME`, or `no such user` when signing in failed under another name. */
  who: Type.String(),
  address: Type.String(),
  /** `sign-in`, `sign-in-failed`, `sign-out`, `start-backup`, `cancel-run`, `delete-archive`, `download-archive`, `create-token`, ... */
  action: Type.String(),
  /** What it was done to: an archive, a run, a token. */
  subject: nullable(Type.String()),
  runId: nullable(Type.Integer()),
});
export type AuditEntry = Static<typeof AuditEntry>;
