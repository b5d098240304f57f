import { Type } from "typebox";
import type { Accounts } from "../accounts/accounts.ts";
import { AuditEntry } from "../api/session.ts";
import type { WebApp } from "../web-service.ts";

const usualLimit = 200;

/** Who did what. */
export function auditRoutes(accounts: Accounts): (app: WebApp) => void {
  return (app) => {
    app.get(
      "/api/audit",
      {
        config: { role: "operator" },
        schema: {
          summary: "Who did what, newest first",
          querystring: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000 })) }),
          response: { 200: Type.Array(AuditEntry) },
        },
      },
      ({ query }) =>
        accounts.audit
          .list(query.limit ?? usualLimit)
          .map(({ atMs, ...entry }) => ({ at: new Date(atMs).toISOString(), ...entry })),
    );
  };
}
