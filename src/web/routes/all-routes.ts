import type { ServeSettings } from "../../config/serve-options.ts";
import type { Accounts } from "../accounts/accounts.ts";
import type { WebApp, WebService } from "../web-service.ts";
import { auditRoutes } from "./audit.ts";
import { healthRoute } from "./health.ts";
import { metricsRoute } from "./metrics.ts";
import { sessionRoutes } from "./session.ts";
import { tokenRoutes } from "./tokens.ts";

/** Adds routes of one matter. Their paths begin with `/api/`; the base path is no affair of theirs. */
export type RouteGroup = (service: WebService) => (app: WebApp) => void | Promise<void>;

/** Routes of what the page shows and does. */
export const dataRoutes: readonly RouteGroup[] = [];

/** All routes, as `buildApp` takes them. */
export function allRoutes(accounts: Accounts, { basePath, metrics }: ServeSettings): RouteGroup[] {
  return [
    (service) => sessionRoutes(accounts, basePath, service),
    (service) => tokenRoutes(accounts, service),
    () => auditRoutes(accounts),
    () => healthRoute,
    (service) => metricsRoute(metrics === "open" ? "public" : "viewer", service),
    ...dataRoutes,
  ];
}
