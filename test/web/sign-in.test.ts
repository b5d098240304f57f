import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCli } from "../fixtures/run-cli.ts";
import { WebClient, problemOf, webInstance, webPassword } from "../fixtures/web-server.ts";

const hourMs = 60 * 60 * 1000;

test("whoever knows the password gets a session, in a cookie that scripts and other sites do not get", async () => {
  const { start, folder } = await webInstance({ admin: "operator" });
  const { url } = await start();
  const client = new WebClient(url);
  expect(problemOf(await client.get("api/session"))).toEqual([401, "sign-in-needed"]);
  const answer = await client.signIn("admin");
  expect(answer).toMatchObject({ status: 200, body: { user: "admin", role: "operator" } });
  const [cookie = ""] = answer.headers.getSetCookie();
  expect(cookie).toMatch(/^ngwbackup=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/);
  expect(await client.get("api/session")).toMatchObject({ status: 200, body: { user: "admin" } });
  // Whoever reads the file cannot sign in with what stands in it.
  const path = join(folder, "data", ".ngwbackup", "web.sqlite");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const bytes = readFileSync(path);
  for (const secret of [webPassword, client.cookie!.split("=")[1]!, client.csrfToken!])
    expect(bytes.includes(secret)).toBe(false);
});

test("a wrong password and a user who is not there are answered alike, and noted", async () => {
  const { start } = await webInstance({ admin: "operator" });
  const { url } = await start();
  const client = new WebClient(url);
  const wrong = await client.signIn("admin", "another horse battery");
  const nobody = await client.signIn("nobody");
  expect(problemOf(wrong)).toEqual([401, "wrong-password"]);
  expect([nobody.status, nobody.text]).toEqual([wrong.status, wrong.text]);
  expect(client.cookie).toBeUndefined();
  await client.signIn("admin");
  const { body } = await client.get("api/audit");
  expect(body).toMatchObject([
    { who: "admin", action: "sign-in", address: "127.0.0.1" },
    { who: "no such user", action: "sign-in-failed" },
    { who: "admin", action: "sign-in-failed", subject: null, runId: null },
  ]);
});

test("failures slow an address down, also over a restart, but not the user at other addresses", async () => {
  const { start } = await webInstance({ admin: "operator" });
  const first = await start();
  const stranger = new WebClient(first.url, { "x-forwarded-for": "203.0.113.9" });
  // At the same time, so that none slips through before another one is counted.
  const answers = await Promise.all(
    Array.from({ length: 8 }, async () => await stranger.signIn("admin", "another horse battery")),
  );
  const codes = answers.map((answer) => problemOf(answer)[1]);
  expect(codes.filter((code) => code === "wrong-password")).toHaveLength(5);
  expect(codes.filter((code) => code === "locked-out")).toHaveLength(3);
  await first.stop();
  const { url, pass } = await start();
  const again = new WebClient(url, { "x-forwarded-for": "203.0.113.9" });
  const locked = await again.signIn("admin");
  expect(problemOf(locked)).toEqual([429, "locked-out"]);
  expect(Number(locked.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(Number(locked.headers.get("retry-after"))).toBeLessThanOrEqual(30);
  expect((await new WebClient(url, { "x-forwarded-for": "198.51.100.1" }).signIn("admin")).status).toBe(200);
  pass(31_000);
  expect((await again.signIn("admin")).status).toBe(200);
});

test("a session ends when it is idle, when it is old, and when it is ended", async () => {
  const { start } = await webInstance({ admin: "operator" });
  const { url, pass } = await start();
  const client = new WebClient(url);
  await client.signIn("admin");
  pass(11 * hourMs);
  expect((await client.get("api/session")).status).toBe(200);
  pass(11 * hourMs);
  expect((await client.get("api/session")).status).toBe(200);
  pass(12 * hourMs);
  expect(problemOf(await client.get("api/session"))).toEqual([401, "sign-in-needed"]);
  await client.signIn("admin");
  for (let hours = 0; hours < 7 * 24 - 11; hours += 11) {
    expect((await client.get("api/session")).status).toBe(200);
    pass(11 * hourMs);
  }
  pass(5 * hourMs);
  expect(problemOf(await client.get("api/session"))).toEqual([401, "sign-in-needed"]);
  await client.signIn("admin");
  const out = await client.request("DELETE", "api/session");
  expect(out.status).toBe(204);
  expect(out.headers.getSetCookie()[0]).toMatch(/^ngwbackup=; .*Expires=Thu, 01 Jan 1970/);
  expect(problemOf(await client.get("api/session"))).toEqual([401, "sign-in-needed"]);
});

test("a new password ends the sessions of its user, and another sign-in the one before in the same browser", async () => {
  const { start, folder, config } = await webInstance({ admin: "operator", vera: "viewer" });
  const { url } = await start();
  const [admin, vera] = [new WebClient(url), new WebClient(url)];
  await admin.signIn("admin");
  await vera.signIn("vera");
  const before = new WebClient(url);
  before.cookie = vera.cookie;
  await vera.signIn("vera");
  expect((await before.get("api/session")).status).toBe(401);
  const file = join(folder, "password");
  writeFileSync(file, "yet another horse\n");
  const set = await runCli(["serve", "--set-password", "vera", "--password-file", file, "--config", config]);
  expect(set).toMatchObject({ exitCode: 0, stderr: "vera can sign in as viewer; sessions until now have ended\n" });
  expect(readFileSync(join(folder, "data/.ngwbackup/web.sqlite")).includes("scrypt$131072$8$1$")).toBe(true);
  expect((await vera.get("api/session")).status).toBe(401);
  expect((await admin.get("api/session")).status).toBe(200);
  expect((await vera.signIn("vera")).status).toBe(401);
  expect((await vera.signIn("vera", "yet another horse")).status).toBe(200);
});

test("until a password is set nothing is reachable, and the server says how to set one", async () => {
  const { start } = await webInstance({});
  const { url } = await start();
  const client = new WebClient(url);
  for (const path of ["api/session", "api/audit", "api/openapi.json", "metrics"]) {
    const answer = await client.get(path);
    expect(answer).toMatchObject({
      status: 401,
      body: { code: "no-users", hints: [expect.stringContaining("serve --set-password")] },
    });
  }
  expect(problemOf(await client.signIn("admin"))).toEqual([401, "no-users"]);
  expect((await client.get("healthz")).text).toBe("ok\n");
});

test("й is the same letter, whichever way a keyboard writes it", async () => {
  const { start, folder, config } = await webInstance({});
  const file = join(folder, "password");
  writeFileSync(file, "йод и ёлка зимой".normalize("NFD"));
  expect((await runCli(["serve", "--set-password", "--password-file", file, "--config", config])).exitCode).toBe(0);
  const { url } = await start();
  expect((await new WebClient(url).signIn("admin", "йод и ёлка зимой".normalize("NFC"))).status).toBe(200);
});
