import { Type } from "typebox";
import { callerOf } from "../access.ts";
import type { Accounts } from "../accounts/accounts.ts";
import type { TokenFacts } from "../accounts/tokens.ts";
import { CreatedToken, NewToken, Token } from "../api/session.ts";
import { noContent } from "../no-content.ts";
import type { WebApp, WebService } from "../web-service.ts";
import { refuseToken } from "./refuse-token.ts";

/** Tokens for programs that use the API. */
export function tokenRoutes(accounts: Accounts, service: WebService): (app: WebApp) => void {
  const config = { role: "operator" } as const;
  return (app) => {
    app.get(
      "/api/tokens",
      { config, schema: { summary: "Tokens of the API, newest first", response: { 200: Type.Array(Token) } } },
      () => accounts.tokens.list().map(shown),
    );
    app.post(
      "/api/tokens",
      { config, schema: { summary: "Make a token", body: NewToken, response: { 201: CreatedToken } } },
      (request, reply) => {
        refuseToken(request);
        const { name, role } = request.body;
        const { token, secret } = accounts.tokens.create(name, role, callerOf(request).name, accounts.nowMs());
        service.audit(request, { action: "create-token", subject: name });
        void reply.code(201);
        return { token: shown(token), secret };
      },
    );
    app.delete(
      "/api/tokens/:id",
      {
        config,
        schema: {
          summary: "Take a token back",
          params: Type.Object({ id: Type.Integer() }),
          response: { 204: noContent },
        },
      },
      (request, reply) => {
        const { name } = accounts.tokens.remove(request.params.id);
        service.audit(request, { action: "remove-token", subject: name });
        void reply.code(204);
        return null;
      },
    );
  };
}

function shown({ id, name, role, createdAtMs, createdBy, usedAtMs }: TokenFacts): Token {
  return {
    id,
    name,
    role,
    createdAt: new Date(createdAtMs).toISOString(),
    createdBy,
    lastUsedAt: usedAtMs === null ? null : new Date(usedAtMs).toISOString(),
  };
}
