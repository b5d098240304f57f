import type { FastifyRequest } from "fastify";
import type { Identity } from "../access.ts";
import { WebError } from "../web-error.ts";
import type { Accounts } from "./accounts.ts";
import { sessionSecretOf } from "./session-cookie.ts";
import type { FoundSession } from "./sessions.ts";

/**
 * Tells who makes a request, by its token (`Authorization: Bearer`) or the cookie of its session.
 * @throws WebError with status 401: sign-in-needed; no-users when nobody can sign in yet
 */
export function identify(request: FastifyRequest, accounts: Accounts, basePath: string): Identity {
  refuseWithoutUsers(accounts);
  const bearer = bearerOf(request);
  if (bearer !== undefined) {
    const token = accounts.tokens.use(bearer, accounts.nowMs());
    if (token === undefined) throw new WebError(401, "sign-in-needed", "this token is not known, or was taken back");
    return {
      caller: { name: token.name, role: token.role, via: "token" },
      csrfToken: undefined,
      isStillValid: () => accounts.tokens.isKnown(token.id),
    };
  }
  const { secret, session } = useSession(sessionSecretOf(request, basePath), accounts);
  return {
    caller: { name: session.user, role: session.role, via: "session" },
    csrfToken: session.csrfToken,
    isStillValid: () => accounts.sessions.isOpen(secret, accounts.nowMs()),
  };
}

/**
 * Finds a session, and notes that it is in use.
 * @throws WebError sign-in-needed
 */
export function useSession(secret: string | undefined, accounts: Accounts): { secret: string; session: FoundSession } {
  const session = secret === undefined ? undefined : accounts.sessions.use(secret, accounts.nowMs());
  if (secret !== undefined && session !== undefined) return { secret, session };
  throw new WebError(401, "sign-in-needed", "nobody is signed in, or the session is over");
}

/**
 * Until a password is set nobody gets any further.
 * @throws WebError no-users
 */
export function refuseWithoutUsers(accounts: Accounts): void {
  if (!accounts.users.isEmpty()) return;
  throw new WebError(401, "no-users", "nobody can sign in yet: no password is set", {
    hints: ["ngwbackup serve --set-password"],
  });
}

/** What a proxy has let in by another scheme, Basic for one, is its own affair. */
function bearerOf({ headers }: FastifyRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
}
