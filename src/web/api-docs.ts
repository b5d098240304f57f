import swagger, { type SwaggerTransform } from "@fastify/swagger";
import type { RouteOptions } from "fastify";
import { Type } from "typebox";
import { toolVersion } from "../version.ts";
import type { WebApp } from "./web-service.ts";

/**
 * Has the API described by the schemas of its routes, in OpenAPI 3.1. To be called before routes are added.
 * @param basePath under which browsers find it
 */
export function describeApi(app: WebApp, basePath: string): void {
  void app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "ngwbackup",
        version: toolVersion,
        description: "What the page does. Programs use a token; browsers a session, and x-csrf-token with all but GET.",
      },
      servers: [{ url: basePath.slice(0, -1) || "/" }],
      components: {
        securitySchemes: {
          token: { type: "http", scheme: "bearer" },
          session: { type: "apiKey", in: "cookie", name: "ngwbackup" },
        },
      },
    },
    transform: describeRoute,
  });
  void app.register(async (scope: WebApp) => {
    scope.get(
      "/api/openapi.json",
      {
        config: { role: "viewer" },
        schema: { summary: "This description", response: { 200: Type.Unknown() } },
      },
      () => app.swagger(),
    );
  });
}

/** In OpenAPI 3.1 the words beside a scheme are the roles that a caller needs. */
const describeRoute: SwaggerTransform = ({ schema, url, route }) => {
  const role = route.config?.role;
  const security: Record<string, string[]>[] =
    role === undefined || role === "public" ? [] : [{ token: [role] }, { session: [role] }];
  return { url, schema: { ...schema, response: responsesOf(route), security, hide: schema?.hide ?? false } };
};

/** Those of the schema, and the stream that a route answers with. */
function responsesOf({ config, schema }: RouteOptions): Record<string, unknown> {
  const described = schema?.response as Record<string, unknown> | undefined;
  const type = config?.isEventStream === true ? "text/event-stream" : config?.produces;
  if (type === undefined) return { ...described };
  return { 200: { description: type, content: { [type]: { schema: { type: "string" } } } }, ...described };
}
