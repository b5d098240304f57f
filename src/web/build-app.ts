import { TypeBoxValidatorCompiler, type TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify, { type FastifyRequest, type RouteOptions } from "fastify";
import type { Identity } from "./access.ts";
import { ApiError } from "./api/common.ts";
import { errorAnswer } from "./error-answer.ts";
import { admit } from "./guard.ts";
import { notFound } from "./web-error.ts";
import type { WebApp, WebService } from "./web-service.ts";

/** What the application is made of. */
export interface AppParts {
  service: WebService;
  /**
   * Tells who makes a request.
   * @throws WebError when that cannot be told
   */
  identify: (request: FastifyRequest) => Identity;
  /** Each adds some, in a scope of its own. */
  routes: readonly ((service: WebService) => (app: WebApp) => void | Promise<void>)[];
  /** Takes what went wrong by our fault. */
  onProblem: (error: unknown) => void;
}

/** Requests are short; archives are never uploaded. */
const bodyLimitBytes = 64 * 1024;

/** Makes the HTTP application. It listens nowhere yet; whoever makes it closes it. */
export function buildApp({ service, identify, routes, onProblem }: AppParts): WebApp {
  const app = fastify({
    logger: false,
    bodyLimit: bodyLimitBytes,
    // Opaque ids hold paths and URLs.
    routerOptions: { maxParamLength: 4096 },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  // A form of another site can send it.
  app.removeContentTypeParser("text/plain");
  app.decorateRequest("caller", null);
  app.addHook("onRoute", describeRoute);
  app.addHook("onRequest", async (request) => {
    admit(request, request.is404 ? "public" : (request.routeOptions.config.role ?? "operator"), identify);
  });
  app.setErrorHandler(async (error, _request, reply) => {
    const { status, body, retryAfterS, isOurs } = errorAnswer(error);
    if (isOurs) onProblem(error);
    if (retryAfterS !== undefined) reply.header("retry-after", retryAfterS);
    return await reply.code(status).type("application/json; charset=utf-8").send(JSON.stringify(body));
  });
  app.setNotFoundHandler(async (request) => {
    throw notFound(`page or route ${request.method} ${request.url.split("?")[0]}`);
  });
  for (const routesOf of routes) void app.register(async (scope) => await routesOf(service)(scope));
  return app;
}

/**
 * Every route says who may use it; every route of the API also answers errors.
 * @throws Error for one that does not
 */
function describeRoute(route: RouteOptions): void {
  if (route.config?.role === undefined)
    throw new Error(`route ${String(route.method)} ${route.url} has no config.role`);
  if (!route.url.startsWith("/api/")) return;
  const given = route.schema?.response as Record<string, unknown> | undefined;
  route.schema = { ...route.schema, response: { ...given, "4xx": ApiError, "5xx": ApiError } };
}
