import { Type } from "typebox";
import { expect, onTestFinished, test } from "vitest";
import { RefusedError } from "../../src/errors.ts";
import type { Identity } from "../../src/web/access.ts";
import { type AppParts, buildApp } from "../../src/web/build-app.ts";
import { WebError } from "../../src/web/web-error.ts";
import type { WebApp, WebService } from "../../src/web/web-service.ts";

const viewer: Identity = {
  caller: { name: "vera", role: "viewer", via: "session" },
  csrfToken: "known",
  isStillValid: () => true,
};

test("a route that does not say who may use it does not start", async () => {
  await expect(start((app) => void app.get("/api/open", () => ({})))).rejects.toThrow(
    "route GET /api/open has no config.role",
  );
});

test("routes are let through by role, token against forgery and origin", async () => {
  const { url } = await start((app) => {
    app.get("/api/look", { config: { role: "viewer" } }, ({ caller }) => caller);
    app.post("/api/look", { config: { role: "viewer" } }, () => ({}));
    app.get("/api/do", { config: { role: "operator" } }, () => ({}));
  });
  expect(await (await fetch(`${url}/api/look`)).json()).toEqual(viewer.caller);
  expect(await problem(fetch(`${url}/api/do`))).toEqual([403, "forbidden"]);
  const post = async (headers: Record<string, string>): Promise<Response> =>
    await fetch(`${url}/api/look`, { method: "POST", headers });
  expect(await problem(post({}))).toEqual([403, "csrf"]);
  expect(await problem(post({ "x-csrf-token": "other" }))).toEqual([403, "csrf"]);
  expect(await problem(post({ "x-csrf-token": "known", origin: "http://evil.example" }))).toEqual([403, "csrf"]);
  expect(await problem(post({ "x-csrf-token": "known", origin: "null" }))).toEqual([403, "csrf"]);
  expect(await problem(post({ "x-csrf-token": "known", "sec-fetch-site": "same-site" }))).toEqual([403, "csrf"]);
  expect((await post({ "x-csrf-token": "known" })).status).toBe(200);
  expect((await post({ "x-csrf-token": "known", origin: url })).status).toBe(200);
});

test("failures are answered with code, message and hints; of a defect nothing shows", async () => {
  const { url, problems } = await start((app) => {
    const config = { role: "public" } as const;
    app.get("/api/refused", { config }, () => {
      throw new RefusedError("in-use", "it is in use", { hints: ["wait"], details: ["run 3"] });
    });
    app.get("/api/late", { config }, () => {
      throw new WebError(429, "locked-out", "too many", { retryAfterS: 30 });
    });
    app.get("/api/defect", { config }, () => {
      throw new TypeError("hidden");
    });
    app.post("/api/named", { config, schema: { body: Type.Object({ name: Type.String() }) } }, () => ({}));
  });
  const refused = await fetch(`${url}/api/refused`);
  expect(refused.status).toBe(409);
  expect(await refused.json()).toEqual({ code: "in-use", message: "it is in use\nrun 3", hints: ["wait"] });
  const late = await fetch(`${url}/api/late`);
  expect([late.status, late.headers.get("retry-after")]).toEqual([429, "30"]);
  const defect = await fetch(`${url}/api/defect`);
  expect(defect.status).toBe(500);
  expect(await defect.text()).not.toContain("hidden");
  expect(problems).toEqual([expect.objectContaining({ message: "hidden" })]);
  const post = async (type: string, body: string): Promise<Response> =>
    await fetch(`${url}/api/named`, { method: "POST", headers: { "content-type": type }, body });
  expect(await problem(post("application/json", '{"name":1}'))).toEqual([400, "invalid-request"]);
  expect(await problem(post("application/json", "{"))).toEqual([400, "invalid-request"]);
  expect(await problem(post("text/plain", '{"name":"a"}'))).toEqual([415, "invalid-request"]);
  expect(await problem(fetch(`${url}/api/nothing`))).toEqual([404, "not-found"]);
});

/** The application on a free port, with a caller who is a viewer. */
async function start(routes: (app: WebApp) => void): Promise<{ url: string; problems: unknown[] }> {
  const problems: unknown[] = [];
  const parts: AppParts = {
    service: { context: { signal: new AbortController().signal } } as WebService,
    identify: () => viewer,
    routes: [() => routes],
    onProblem: (error) => problems.push(error),
    basePath: "/",
    tls: undefined,
    pageFolder: "/nonexistent",
  };
  const app = buildApp(parts);
  onTestFinished(async () => await app.close());
  return { url: await app.listen({ host: "127.0.0.1", port: 0 }), problems };
}

async function problem(answer: Promise<Response>): Promise<[status: number, code: unknown]> {
  const response = await answer;
  return [response.status, ((await response.json()) as { code: unknown }).code];
}
