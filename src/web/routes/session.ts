import type { FastifyRequest } from "fastify";
import { Session, SignIn } from "../api/session.ts";
import type { Accounts } from "../accounts/accounts.ts";
import { refuseWithoutUsers, useSession } from "../accounts/identify.ts";
import { clearSessionCookie, sessionSecretOf, setSessionCookie } from "../accounts/session-cookie.ts";
import type { FoundSession } from "../accounts/sessions.ts";
import { noContent } from "../no-content.ts";
import { clientOf } from "../client.ts";
import { refuseToken } from "./refuse-token.ts";
import type { WebApp, WebService } from "../web-service.ts";

/** Who is there; signing in and out. */
export function sessionRoutes(accounts: Accounts, basePath: string, service: WebService): (app: WebApp) => void {
  const present = (request: FastifyRequest): { secret: string; session: FoundSession } => {
    refuseToken(request);
    return useSession(sessionSecretOf(request, basePath), accounts);
  };
  return (app) => {
    app.get(
      "/api/session",
      { config: { role: "viewer" }, schema: { summary: "Who is signed in", response: { 200: Session } } },
      (request) => shown(present(request).session),
    );
    app.post(
      "/api/session",
      { config: { role: "public" }, schema: { summary: "Sign in", body: SignIn, response: { 200: Session } } },
      async (request, reply) => {
        refuseWithoutUsers(accounts);
        const { user, password } = request.body;
        const secret = await accounts.signIn(user, password, clientOf(request));
        const before = sessionSecretOf(request, basePath);
        if (before !== undefined) accounts.sessions.end(before);
        setSessionCookie(request, reply, basePath, secret);
        return shown(useSession(secret, accounts).session);
      },
    );
    app.delete(
      "/api/session",
      { config: { role: "viewer" }, schema: { summary: "Sign out", response: { 204: noContent } } },
      (request, reply) => {
        const { secret } = present(request);
        service.audit(request, { action: "sign-out" });
        accounts.sessions.end(secret);
        clearSessionCookie(request, reply, basePath);
        void reply.code(204);
        return null;
      },
    );
  };
}

function shown({ user, role, csrfToken, expiresAtMs }: FoundSession): Session {
  return { user, role, csrfToken, expiresAt: new Date(expiresAtMs).toISOString() };
}
