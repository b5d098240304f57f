import { Compile } from "typebox/schema";
import { expect, onTestFinished, test } from "vitest";
import { loadSettings } from "../../src/config/settings.ts";
import type { AccessRole } from "../../src/web/access.ts";
import { Accounts } from "../../src/web/accounts/accounts.ts";
import { ApiError } from "../../src/web/api/common.ts";
import { buildApp } from "../../src/web/build-app.ts";
import { allRoutes } from "../../src/web/routes/all-routes.ts";
import type { WebService } from "../../src/web/web-service.ts";
import { WebClient, webContext, webInstance, type WebAnswer } from "../fixtures/web-server.ts";

/** A description as far as it is looked at here. */
interface Description {
  openapi: string;
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
}

interface Operation {
  summary?: string;
  security: Record<string, string[]>[];
  requestBody?: unknown;
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

interface Route {
  method: string;
  /** As a description writes it. */
  path: string;
  role: AccessRole | undefined;
}

test("every route is described with what it is for, who may use it, its answers and its errors; nothing else is", async () => {
  const { routes, description } = await registered();
  expect(description.openapi).toBe("3.1.0");
  const described = Object.entries(description.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
  for (const { method, path, role } of routes) {
    const operation = description.paths[path]![method.toLowerCase()]!;
    expect([path, operation.summary]).toEqual([path, expect.stringMatching(/^[A-Z]/)]);
    expect([path, operation.security]).toEqual([
      path,
      role === "public" ? [] : [{ token: [role] }, { session: [role] }],
    ]);
    const good = Object.entries(operation.responses).filter(([status]) => /^2\d\d$/.test(status));
    expect([path, good.length > 0]).toEqual([path, true]);
    for (const [status, { content }] of good)
      expect([path, status, Object.keys(content ?? {}).length]).toEqual([path, status, status === "204" ? 0 : 1]);
    if (!path.startsWith("/api/")) continue;
    for (const status of ["4XX", "5XX"]) {
      const schema = operation.responses[status]?.content?.["application/json"]?.schema;
      expect([path, schema]).toEqual([path, JSON.parse(JSON.stringify(ApiError))]);
    }
  }
});

test("what the server really answers fits its description", async () => {
  const { start } = await webInstance({ admin: "operator" }, "serve.base_path = /backup/");
  const client = new WebClient((await start()).url);
  const signedIn = await client.signIn("admin");
  const description = (await client.get("api/openapi.json")).body as Description;
  expect(description.servers).toEqual([{ url: "/backup" }]);
  const made = await client.request("POST", "api/tokens", { name: "script", role: "viewer" });
  const answers: [method: string, path: string, answer: WebAnswer][] = [
    ["post", "/api/session", signedIn],
    ["post", "/api/tokens", made],
    ["get", "/api/session", await client.get("api/session")],
    ["get", "/api/tokens", await client.get("api/tokens")],
    ["get", "/api/audit", await client.get("api/audit")],
    ["get", "/api/openapi.json", await client.get("api/openapi.json")],
    ["get", "/api/audit", await client.get("api/audit?limit=0")],
    ["post", "/api/session", await new WebClient((await start()).url).signIn("admin", "another")],
    ["delete", "/api/tokens/{id}", await client.request("DELETE", "api/tokens/99")],
    ["delete", "/api/tokens/{id}", await client.request("DELETE", "api/tokens/1")],
    ["delete", "/api/session", await client.request("DELETE", "api/session")],
    ["get", "/api/session", await client.get("api/session")],
  ];
  for (const [method, path, { status, body, text }] of answers) {
    const { responses } = description.paths[path]![method]!;
    const response = responses[status] ?? responses[`${String(status)[0]}XX`];
    expect([path, status, response]).not.toContain(undefined);
    const schema = response?.content?.["application/json"]?.schema;
    if (schema === undefined) expect([path, text]).toEqual([path, ""]);
    else expect([path, Compile(schema).Errors(body)]).toEqual([path, [true, []]]);
  }
});

/** The routes of a whole application, and its description. */
async function registered(): Promise<{ routes: Route[]; description: Description }> {
  const { folder, config } = await webInstance({});
  const settings = await loadSettings({ env: {}, cwd: folder, configPaths: [config] });
  const context = webContext(folder, () => new Date(), new AbortController().signal);
  const accounts = await Accounts.open(settings.runs, context);
  onTestFinished(() => accounts.close());
  const service: WebService = { context, configPaths: [config], settings: async () => settings, audit() {} };
  const app = buildApp({
    service,
    identify: () => expect.unreachable(),
    routes: allRoutes(accounts, settings.serve),
    onProblem: () => expect.unreachable(),
    basePath: "/",
    tls: undefined,
    pageFolder: "/nonexistent",
  });
  onTestFinished(async () => await app.close());
  const routes: Route[] = [];
  app.addHook("onRoute", ({ method, url, config: { role } = {} }) => {
    // HEAD comes with every GET, and is described where it does something of its own.
    if (method === "HEAD") return;
    const path = url.replaceAll(/:(\w+)/g, "{$1}");
    for (const each of [method].flat()) routes.push({ method: each, path, role });
  });
  await app.ready();
  return { routes, description: app.swagger() as unknown as Description };
}
