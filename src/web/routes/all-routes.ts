import type { WebApp, WebService } from "../web-service.ts";

/** Adds routes of one matter. Their paths begin with `/api/`; the base path is no affair of theirs. */
export type RouteGroup = (service: WebService) => (app: WebApp) => void | Promise<void>;

/** Routes of what the page shows and does. */
export const dataRoutes: readonly RouteGroup[] = [];
