import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { runCli } from "../fixtures/run-cli.ts";
import { WebClient, problemOf, webInstance } from "../fixtures/web-server.ts";

test("viewers look, operators also do", async () => {
  const { start } = await webInstance({ vera: "viewer", admin: "operator" });
  const { url } = await start();
  const vera = new WebClient(url);
  expect(await vera.signIn("vera")).toMatchObject({ body: { role: "viewer" } });
  expect((await vera.get("api/session")).status).toBe(200);
  expect((await vera.get("api/openapi.json")).status).toBe(200);
  expect((await vera.get("metrics")).status).toBe(200);
  for (const path of ["api/tokens", "api/audit"]) expect(problemOf(await vera.get(path))).toEqual([403, "forbidden"]);
  expect(problemOf(await vera.request("POST", "api/tokens", { name: "x", role: "viewer" }))).toEqual([
    403,
    "forbidden",
  ]);
  expect(problemOf(await vera.request("DELETE", "api/tokens/1"))).toEqual([403, "forbidden"]);
  expect((await vera.request("DELETE", "api/session")).status).toBe(204);
});

test("what changes something needs the token of its session, and does not come from another site", async () => {
  const { start } = await webInstance({ admin: "operator" });
  const { url } = await start();
  const client = new WebClient(url);
  await client.signIn("admin");
  const token = client.csrfToken!;
  const make = async (headers: Record<string, string>): Promise<unknown> =>
    problemOf(await client.request("POST", "api/tokens", { name: "x", role: "viewer" }, headers));
  const other = new WebClient(url);
  await other.signIn("admin");
  client.csrfToken = undefined;
  expect(await make({})).toEqual([403, "csrf"]);
  expect(await make({ "x-csrf-token": other.csrfToken! })).toEqual([403, "csrf"]);
  expect(await make({ "x-csrf-token": token, origin: "https://evil.example" })).toEqual([403, "csrf"]);
  expect(await make({ "x-csrf-token": token, "sec-fetch-site": "cross-site" })).toEqual([403, "csrf"]);
  // Signing in, too, so that nobody is signed in as somebody else.
  const { origin } = new URL(url);
  const signIn = async (headers: Record<string, string>): Promise<number> =>
    (await new WebClient(url, headers).signIn("admin")).status;
  expect(await signIn({ origin: "https://evil.example" })).toBe(403);
  expect(await signIn({ "sec-fetch-site": "same-site", origin })).toBe(403);
  expect(await signIn({ origin })).toBe(200);
  // The host that a proxy of this machine hands on is the one that the browser knows.
  expect(await signIn({ origin: "https://ngw.example", "x-forwarded-host": "ngw.example" })).toBe(200);
  client.csrfToken = token;
  expect((await client.request("POST", "api/tokens", { name: "x", role: "viewer" }, { origin })).status).toBe(201);
});

test("a token opens the API as far as its role, until it is taken back", async () => {
  const { start } = await webInstance({ admin: "operator" });
  const { url, pass } = await start();
  const admin = new WebClient(url);
  await admin.signIn("admin");
  const made = await admin.request("POST", "api/tokens", { name: "prometheus", role: "viewer" });
  expect(made).toMatchObject({
    status: 201,
    body: { token: { name: "prometheus", role: "viewer", createdBy: "admin" } },
  });
  const { secret, token } = made.body as { secret: string; token: { id: number } };
  expect(secret).toMatch(/^ngwb_[\w-]{43}$/);
  expect(problemOf(await admin.request("POST", "api/tokens", { name: "prometheus", role: "viewer" }))).toEqual([
    409,
    "name-taken",
  ]);
  // It would end up in the environment of a run, which cannot hold it.
  expect(problemOf(await admin.request("POST", "api/tokens", { name: "a\0b", role: "viewer" }))).toEqual([
    400,
    "invalid-request",
  ]);
  const viewer = new WebClient(url, { authorization: `Bearer ${secret}` });
  expect((await viewer.get("metrics")).text).toContain("ngwbackup_due 1\n");
  expect(problemOf(await viewer.get("api/tokens"))).toEqual([403, "forbidden"]);
  expect(problemOf(await viewer.get("api/session"))).toEqual([403, "forbidden"]);
  const { secret: other } = (await admin.request("POST", "api/tokens", { name: "script", role: "operator" })).body as {
    secret: string;
  };
  const script = new WebClient(url, { authorization: `Bearer ${other}` });
  expect(await script.get("api/tokens")).toMatchObject({
    status: 200,
    body: [
      { name: "script", lastUsedAt: expect.any(String) },
      { name: "prometheus", lastUsedAt: expect.any(String) },
    ],
  });
  // No token against forgery is asked for; but a token does not make others.
  expect(problemOf(await script.request("POST", "api/tokens", { name: "more", role: "operator" }))).toEqual([
    403,
    "forbidden",
  ]);
  expect((await script.request("DELETE", `api/tokens/${token.id}`)).status).toBe(204);
  expect(problemOf(await viewer.get("metrics"))).toEqual([401, "sign-in-needed"]);
  expect(problemOf(await script.request("DELETE", `api/tokens/${token.id}`))).toEqual([404, "not-found"]);
  expect(
    (await new WebClient(url, { authorization: "Bearer ngwb_guess" }).get("metrics")).headers.get("www-authenticate"),
  ).toBe("Bearer");
  // Tokens do not grow old.
  pass(300 * 24 * 3600 * 1000);
  expect((await script.get("api/tokens")).status).toBe(200);
  const { body } = await script.get("api/audit");
  expect(body).toMatchObject([
    { who: "token script", action: "remove-token", subject: "prometheus" },
    { who: "admin", action: "create-token", subject: "script" },
    { who: "admin", action: "create-token", subject: "prometheus" },
    { who: "admin", action: "sign-in" },
  ]);
  expect(((await script.get("api/audit?limit=1")).body as unknown[]).length).toBe(1);
  expect(problemOf(await script.get("api/audit?limit=many"))).toEqual([400, "invalid-request"]);
});

test("on a full disk whoever has a session or a token still gets in", async () => {
  const { start, folder } = await webInstance({ admin: "operator" });
  const { url, pass, problems } = await start();
  const admin = new WebClient(url);
  await admin.signIn("admin");
  const made = await admin.request("POST", "api/tokens", { name: "prometheus", role: "viewer" });
  const database = new DatabaseSync(join(folder, "data", ".ngwbackup", "web.sqlite"));
  for (const table of ["session", "token"])
    database.exec(
      `CREATE TRIGGER full_${table} BEFORE UPDATE ON ${table}
       BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`,
    );
  database.close();
  // When they are in use is noted to the minute.
  pass(61_000);
  const token = new WebClient(url, { authorization: `Bearer ${(made.body as { secret: string }).secret}` });
  expect((await admin.get("api/session")).status).toBe(200);
  expect((await token.get("metrics")).status).toBe(200);
  expect(problems).toEqual([]);
});

test("a token is worth no more than who made it", async () => {
  const { start, config } = await webInstance({ anna: "operator", admin: "operator" });
  const { url } = await start();
  const anna = new WebClient(url);
  await anna.signIn("anna");
  const { secret } = (await anna.request("POST", "api/tokens", { name: "hers", role: "operator" })).body as {
    secret: string;
  };
  const script = new WebClient(url, { authorization: `Bearer ${secret}` });
  expect((await script.get("api/audit")).status).toBe(200);
  writeFileSync(`${config}.password`, "yet another horse");
  const demoted = await runCli([
    "serve",
    "--set-password",
    "anna",
    "--role",
    "viewer",
    "--password-file",
    `${config}.password`,
    "--config",
    config,
  ]);
  expect(demoted.stderr).toContain("tokens that anna has made stay good until they are taken back: 1\n");
  expect(problemOf(await script.get("api/audit"))).toEqual([403, "forbidden"]);
  expect((await script.get("metrics")).status).toBe(200);
  expect((await runCli(["serve", "--remove-user", "anna", "--config", config])).exitCode).toBe(0);
  expect(problemOf(await script.get("metrics"))).toEqual([401, "sign-in-needed"]);
});

test("metrics are for everybody where the configuration says so", async () => {
  const { start } = await webInstance({}, "serve.metrics = open");
  const { url } = await start();
  expect(await new WebClient(url).get("metrics")).toMatchObject({
    status: 200,
    text: expect.stringContaining("ngwbackup_due"),
  });
});
