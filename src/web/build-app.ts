import { createServer as createTlsServer } from "node:https";
import { createServer } from "node:http";
import cookie from "@fastify/cookie";
import helmet from "@fastify/helmet";
import { TypeBoxValidatorCompiler, type TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify, { type FastifyRequest, type RouteOptions } from "fastify";
import type { Identity } from "./access.ts";
import { isLoopback } from "./accounts/client-address.ts";
import { ApiError } from "./api/common.ts";
import { describeApi } from "./api-docs.ts";
import { redirectToBase, withoutBasePath } from "./base-path.ts";
import { errorAnswer } from "./error-answer.ts";
import { admit } from "./guard.ts";
import { OpenStreams } from "./open-streams.ts";
import { securityHeaders } from "./security-headers.ts";
import { servePage } from "./static-page.ts";
import { WebError } from "./web-error.ts";
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
  /** Path under which browsers find it; begins and ends with `/`. */
  basePath: string;
  /** Certificate with its chain, and key, PEM; undefined: no TLS. */
  tls: { cert: Buffer; key: Buffer } | undefined;
  /** Folder that the page was built into. */
  pageFolder: string;
}

/** Requests are short; archives are never uploaded. */
const bodyLimitBytes = 64 * 1024;
/** For a request to come in whole. Answers may take as long as they do. */
const requestMs = 30_000;

/** Makes the HTTP application. It listens nowhere yet; whoever makes it closes it. Streams end with the service's signal. */
export function buildApp(parts: AppParts): WebApp {
  const { service, identify, routes, onProblem, basePath, tls, pageFolder } = parts;
  const app = fastify({
    logger: false,
    bodyLimit: bodyLimitBytes,
    // Opaque ids hold paths and URLs.
    routerOptions: { maxParamLength: 4096 },
    rewriteUrl: (request) => withoutBasePath(request.url ?? "/", basePath),
    // What comes by a Unix socket is of this machine, too.
    trustProxy: (address: string | undefined) => address === undefined || isLoopback(address),
    serverFactory(handler) {
      const server = tls === undefined ? createServer(handler) : createTlsServer(tls, handler);
      server.requestTimeout = requestMs;
      return server;
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  const streams = new OpenStreams();
  const onAbort = (): void => streams.endAll();
  service.context.signal.addEventListener("abort", onAbort, { once: true });
  app.addHook("onClose", async () => service.context.signal.removeEventListener("abort", onAbort));
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  // A form of another site can send it.
  app.removeContentTypeParser("text/plain");
  app.decorateRequest("caller", null);
  app.addHook("onRoute", checkRoute);
  void app.register(helmet, securityHeaders(tls !== undefined));
  void app.register(cookie);
  describeApi(app, basePath);
  app.addHook("onRequest", async (request, reply) => {
    if (redirectToBase(request, reply, basePath)) return await reply;
    void reply.header("cache-control", "no-store");
    const { config } = request.routeOptions;
    // A stream has no end that its length could be told of.
    if (config.isEventStream === true && request.method === "HEAD")
      throw new WebError(405, "invalid-request", "a stream of events is asked for by GET");
    const identity = admit(request, request.is404 ? "public" : (config.role ?? "operator"), identify);
    if (identity !== undefined && config.isEventStream === true) streams.add(reply, identity);
  });
  // Somebody may have signed out, or taken a token back.
  app.addHook("onResponse", async ({ method }) => {
    if (method === "DELETE") streams.endStale();
  });
  app.setErrorHandler(async (error, _request, reply) => {
    const { status, body, retryAfterS, isOurs } = errorAnswer(error);
    if (isOurs) onProblem(error);
    if (retryAfterS !== undefined) reply.header("retry-after", retryAfterS);
    if (status === 401) reply.header("www-authenticate", "Bearer");
    return await reply.code(status).type("application/json; charset=utf-8").send(JSON.stringify(body));
  });
  for (const routesOf of routes) void app.register(async (scope) => await routesOf(service)(scope));
  servePage(app, { folder: pageFolder, basePath });
  return app;
}

/**
 * Every route says who may use it; every route of the API also answers errors.
 * @throws Error for one that does not
 */
function checkRoute(route: RouteOptions): void {
  if (route.config?.role === undefined)
    throw new Error(`route ${String(route.method)} ${route.url} has no config.role`);
  if (!route.url.startsWith("/api/")) return;
  const given = route.schema?.response as Record<string, unknown> | undefined;
  route.schema = { ...route.schema, response: { ...given, "4xx": ApiError, "5xx": ApiError } };
}
