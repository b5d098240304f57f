import type { ServeSettings } from "../../config/serve-options.ts";
import type { Accounts } from "../accounts/accounts.ts";
import { dataParts } from "../data-parts.ts";
import type { WebApp, WebService } from "../web-service.ts";
import { archiveFileRoutes } from "./archive-file.ts";
import { archiveRoutes } from "./archives.ts";
import { auditRoutes } from "./audit.ts";
import { healthRoute } from "./health.ts";
import { metricsRoute } from "./metrics.ts";
import { overviewRoutes } from "./overview.ts";
import { planRoutes } from "./plans.ts";
import { retentionRoutes } from "./retention.ts";
import { runEventRoutes } from "./run-events.ts";
import { runRoutes } from "./runs.ts";
import { sessionRoutes } from "./session.ts";
import { settingsRoutes } from "./settings.ts";
import { tokenRoutes } from "./tokens.ts";

/** Adds routes of one matter. Their paths begin with `/api/`; the base path is no affair of theirs. */
export type RouteGroup = (service: WebService) => (app: WebApp) => void | Promise<void>;

/** Routes of what the page shows and does. They share what is made here, which goes down with the application. */
function dataRoutes(service: WebService): (app: WebApp) => void {
  const parts = dataParts(service);
  const groups = [
    overviewRoutes,
    archiveRoutes,
    archiveFileRoutes,
    retentionRoutes,
    runRoutes,
    runEventRoutes,
    planRoutes,
    settingsRoutes,
  ];
  return (app) => {
    app.addHook("preClose", async () => await parts.close());
    for (const group of groups) group(parts)(app);
  };
}

/** All routes, as `buildApp` takes them. */
export function allRoutes(accounts: Accounts, { basePath, metrics }: ServeSettings): RouteGroup[] {
  return [
    (service) => sessionRoutes(accounts, basePath, service),
    (service) => tokenRoutes(accounts, service),
    () => auditRoutes(accounts),
    () => healthRoute,
    (service) => metricsRoute(metrics === "open" ? "public" : "viewer", service),
    dataRoutes,
  ];
}
