import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { AppError, ExitCode } from "../../src/errors.ts";
import { blobPath } from "../../src/files/storage-layout.ts";
import { walkStorage } from "../../src/files/walk-storage.ts";
import { startHookServer } from "../fixtures/hook-server.ts";
import { startMailServer, testCertificatePath } from "../fixtures/mail-server.ts";
import { type CliResult, type RunCliOptions, runCli } from "../fixtures/run-cli.ts";
import { databaseSecret } from "../fixtures/secret.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

// The same as the database's, so that every run of a test is searched for it.
const password = databaseSecret;

let instance: TestInstance;
let folder: string;
let state: string;
let config: string;

beforeAll(async () => {
  instance = await createTestInstance();
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  expect((await runCli(["backup", ...instance.config])).exitCode).toBe(0);
});
afterAll(() => instance.drop());
beforeEach(async () => {
  folder = await tempFolder();
  state = join(folder, "state");
  config = join(folder, "config.ini");
});

/** A second configuration, after the instance's own. */
function configure(...lines: string[]): void {
  writeFileSync(config, ["[ngwbackup]", `state.path = ${state}`, ...lines, ""].join("\n"));
}

function ngwbackup(args: readonly string[], options?: RunCliOptions): Promise<CliResult> {
  return runCli([...args, ...instance.config, "--config", config], options);
}

const latest = (): Promise<CliResult> => ngwbackup(["verify", "latest"]);
const missing = (): Promise<CliResult> => ngwbackup(["verify", "/nowhere/a.ngwbackup"]);

function mailLines(port: number, ...more: string[]): string[] {
  return ["mail.to = a@example.org, b@example.org", "mail.host = localhost", `mail.port = ${port}`, ...more];
}

const trusted = `mail.ca = ${testCertificatePath}`;

describe("mail", () => {
  test("goes out on failure, by STARTTLS, with a password out of a file", async () => {
    const { port, mails } = await startMailServer({ security: "starttls", login: { user: "ngw", password } });
    writeFileSync(join(folder, "password"), `${password}\n`);
    configure(
      ...mailLines(port, "mail.security = starttls", trusted, "mail.user = ngw", "mail.from = ngw@example.org"),
      `mail.pwfile = ${join(folder, "password")}`,
    );
    const { exitCode, stderr } = await missing();
    expect({ exitCode, warned: stderr.includes("warning") }).toEqual({ exitCode: 4, warned: false });
    expect(mails).toMatchObject([{ to: ["a@example.org", "b@example.org"], isSecure: true, user: "ngw" }]);
    const text = mails[0]?.text ?? "";
    expect(text).toContain(`Subject: ngwbackup: verify of ${hostname()} ended as refused\r\n`);
    expect(text).toContain("From: ngw@example.org\r\n");
    expect(text).toContain("Auto-Submitted: auto-generated\r\n");
    expect(text).toContain("archive: /nowhere/a.ngwbackup");
    expect(text).toContain("more: ngwbackup history 1");
    expect(text).not.toContain(password);
  });

  test("goes out by TLS from the first byte", async () => {
    const { port, mails } = await startMailServer({ security: "tls", login: { user: "ngw", password } });
    configure(...mailLines(port, "mail.security = tls", trusted, "mail.user = ngw", `mail.password = ${password}`));
    await missing();
    expect(mails).toMatchObject([{ isSecure: true, user: "ngw" }]);
  });

  test("does not go to a server that is not trusted, or has no TLS where that is asked for", async () => {
    const untrusted = await startMailServer({ security: "starttls" });
    configure(...mailLines(untrusted.port, "mail.security = starttls"));
    const { exitCode, stderr } = await missing();
    expect(exitCode).toBe(4);
    expect(stderr).toContain(
      `warning: a notification was not sent: mail to a@example.org, b@example.org by localhost:${untrusted.port}: `,
    );
    const clear = await startMailServer({ security: "none" });
    configure(...mailLines(clear.port, "mail.security = starttls", trusted));
    expect((await missing()).stderr).toContain("warning: a notification was not sent");
    expect([...untrusted.mails, ...clear.mails]).toEqual([]);
    configure(...mailLines(clear.port));
    expect((await missing()).stderr).not.toContain("warning");
    expect(clear.mails).toMatchObject([{ isSecure: false }]);
  });

  test("that a server refuses for good is tried once; the password does not show, and the history has the warning", async () => {
    const server = await startMailServer({ security: "starttls", login: { user: "ngw", password: "another" } });
    configure(
      ...mailLines(server.port, "mail.security = starttls", trusted, "mail.user = ngw", `mail.password = ${password}`),
    );
    const { exitCode, stderr } = await missing();
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/warning: a notification was not sent: .*Invalid login/);
    expect(server.refusedLogins()).toBe(1);
    expect((await ngwbackup(["history", "1"])).stdout).toContain("a notification was not sent");
  });

  test("without a password file that can be read is a warning, and the run goes on", async () => {
    configure(...mailLines(1, "mail.security = starttls", "mail.user = ngw", "mail.pwfile = /nowhere/password"));
    expect((await latest()).exitCode).toBe(0);
    const { exitCode, stdout } = await ngwbackup(["notify", "--test"]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^fail {2}mail to .*: ENOENT: .*\/nowhere\/password/);
  });
});

describe("a webhook", () => {
  test("gets the whole notice as JSON, and a token", async () => {
    const { origin, requests } = await startHookServer();
    configure(`webhook.url = ${origin}/hook/${password}`, `webhook.token = ${password}`);
    await missing();
    expect(requests).toMatchObject([
      { method: "POST", url: `/hook/${password}`, headers: { authorization: `Bearer ${password}` } },
    ]);
    expect(requests[0]?.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(JSON.parse(requests[0]?.body ?? "")).toMatchObject({
      event: "failure",
      title: `ngwbackup: verify of ${hostname()} ended as refused`,
      command: "verify",
      state: "refused",
      exit_code: 4,
      archive: "/nowhere/a.ngwbackup",
      host: hostname(),
      database: instance.database.name,
      run_id: 1,
    });
  });

  test("gets what its template says, whatever stands in the values, and an address with values", async () => {
    const { origin, requests } = await startHookServer();
    configure(
      `webhook.url = ${origin}/ping/{exit_code}?what={title}`,
      'webhook.template = {"text": "{title}\\n{archive}",',
      '  "exit": {exit_code}, "tags": ["{event}"]}',
    );
    await ngwbackup(["verify", '/nowhere/"quoted" \\ {title}.ngwbackup']);
    expect(requests[0]?.url).toBe(
      `/ping/4?what=${encodeURIComponent(`ngwbackup: verify of ${hostname()} ended as refused`)}`,
    );
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual({
      text: `ngwbackup: verify of ${hostname()} ended as refused\n/nowhere/"quoted" \\ {title}.ngwbackup`,
      exit: 4,
      tags: ["failure"],
    });
  });

  test("is tried again when it is busy, not when it means it, and does not follow elsewhere", async () => {
    const busy = await startHookServer(503, 200);
    configure(`webhook.url = ${busy.origin}/hook`);
    expect((await missing()).stderr).not.toContain("warning");
    expect(busy.requests).toHaveLength(2);
    const gone = await startHookServer(404);
    configure(`webhook.url = ${gone.origin}/${password}`);
    expect((await missing()).stderr).toContain(
      `warning: a notification was not sent: webhook at ${gone.origin} answered 404\n`,
    );
    expect(gone.requests).toHaveLength(1);
    const moved = await startHookServer(302);
    configure(`webhook.url = ${moved.origin}/hook`, "webhook.token = token");
    expect((await missing()).stderr).toContain("answered 302");
    expect(moved.requests).toHaveLength(1);
  });

  test("that cannot be reached is a warning after some tries; the run's exit code stays", async () => {
    // A port that was free a moment ago, and that nobody else takes so soon.
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    configure(`webhook.url = http://127.0.0.1:${port}/${password}`, "webhook.on = success");
    const { exitCode, stderr } = await latest();
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(
      /warning: a notification was not sent: webhook at http:\/\/127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/,
    );
  });
});

describe("what is told", () => {
  const events = async (requests: { body: string }[]): Promise<string[]> =>
    requests.splice(0).map(({ body }) => String((JSON.parse(body) as { event: unknown }).event));

  test("each failure, once that it is over, and success to whom wants it", async () => {
    const { origin, requests } = await startHookServer();
    configure(`webhook.url = ${origin}`);
    await latest();
    expect(await events(requests)).toEqual([]);
    await missing();
    await missing();
    expect(await events(requests)).toEqual(["failure", "failure"]);
    await latest();
    await latest();
    expect(await events(requests)).toEqual(["recovery"]);
    configure(`webhook.url = ${origin}`, "webhook.on = success, recovery");
    await missing();
    await latest();
    expect(await events(requests)).toEqual(["success", "recovery"]);
  });

  test("losses, each time", async () => {
    const { origin, requests } = await startHookServer();
    configure(`webhook.url = ${origin}`);
    const archive = join(folder, "a.ngwbackup");
    const storage = join(instance.sdir, "file_storage");
    const [first] = walkStorage(storage);
    if (first === undefined) throw new Error("no blob");
    const blob = blobPath(first);
    renameSync(join(storage, blob), join(folder, "blob"));
    try {
      expect((await ngwbackup(["backup", archive])).exitCode).toBe(3);
    } finally {
      renameSync(join(folder, "blob"), join(storage, blob));
    }
    expect(requests).toHaveLength(1);
    expect(JSON.parse(requests[0]?.body ?? "")).toMatchObject({
      event: "loss",
      title: `ngwbackup: backup of ${hostname()} has 1 loss`,
      losses: 1,
      archive,
    });
  });

  test("nothing of what a person stopped, nor of a dry run", async () => {
    const { origin, requests } = await startHookServer();
    configure(`webhook.url = ${origin}`);
    const abort = new AbortController();
    abort.abort(new AppError("interrupted", "interrupted", {}, ExitCode.interrupted));
    expect((await ngwbackup(["verify", "latest"], { signal: abort.signal })).exitCode).toBe(130);
    await ngwbackup(["restore", "--dry-run", "/nowhere"]);
    expect(requests).toEqual([]);
  });

  test("by status --notify: what is due, again after a day, and once that it is over", async () => {
    const { origin, requests } = await startHookServer();
    const none = join(folder, "none");
    mkdirSync(none);
    configure(`webhook.url = ${origin}`);
    const env = { NEXTGISWEB__CORE__BACKUP__PATH: none, PATH: none };
    const status = (hours: number): Promise<CliResult> =>
      ngwbackup(["status", "--notify"], { env, now: new Date(Date.UTC(2026, 6, 21, hours)) });
    expect((await status(0)).exitCode).toBe(1);
    expect(JSON.parse(requests[0]?.body ?? "")).toMatchObject({
      event: "age",
      title: `ngwbackup: ${hostname()}: there is no backup yet`,
      text: "there is no backup yet\n  hint: ngwbackup backup",
      exit_code: 1,
    });
    await status(1);
    await status(23);
    expect(await events(requests)).toEqual(["age"]);
    await status(24);
    expect(await events(requests)).toEqual(["age"]);
    const now = new Date(Date.UTC(2026, 6, 22, 2));
    expect((await ngwbackup(["backup", join(folder, "a.ngwbackup")], { now })).exitCode).toBe(0);
    expect((await status(27)).exitCode).toBe(0);
    await status(28);
    expect(await events(requests)).toEqual(["recovery"]);
  });

  test("by status --notify again, when nobody has taken it", async () => {
    const { origin, requests } = await startHookServer(404, 200, 404, 200);
    const none = join(folder, "none");
    mkdirSync(none);
    configure(`webhook.url = ${origin}`);
    const env = { NEXTGISWEB__CORE__BACKUP__PATH: none, PATH: none };
    const status = (): Promise<CliResult> => ngwbackup(["status", "--notify"], { env });
    expect((await status()).stderr).toContain("warning: a notification was not sent");
    for (let times = 0; times < 2; times += 1) await status();
    expect(await events(requests)).toEqual(["age", "age"]);
    expect((await ngwbackup(["backup", join(folder, "a.ngwbackup")])).exitCode).toBe(0);
    for (let times = 0; times < 3; times += 1) await status();
    expect(await events(requests)).toEqual(["recovery", "recovery"]);
  });

  test("by status --notify: a run that was killed; not one that has told itself", async () => {
    const { origin, requests } = await startHookServer();
    configure(`webhook.url = ${origin}`);
    await ngwbackup(["backup", join(folder, "a.ngwbackup")]);
    await missing();
    expect(await events(requests)).toEqual(["failure"]);
    expect((await ngwbackup(["status", "--notify"])).exitCode).toBe(1);
    expect(requests).toEqual([]);
    const database = new DatabaseSync(join(state, "history.sqlite"));
    database.exec("UPDATE run SET state = 'running', ended_at = NULL, exit_code = NULL WHERE kind = 'verify'");
    database.exec("UPDATE run SET owner = json_set(owner, '$.startTicks', '1')");
    database.close();
    await ngwbackup(["status", "--notify"]);
    expect(requests[0]?.body).toContain("ended as interrupted");
    expect(await events(requests)).toEqual(["age"]);
  });
});

describe("several channels", () => {
  test("are each told by themselves what they want to know of", async () => {
    const mail = await startMailServer({ security: "none" });
    const [all, none, failing] = [await startHookServer(), await startHookServer(), await startHookServer(403)];
    configure(
      ...mailLines(mail.port, "mail.from = ngw@example.org", "mail.on = success"),
      "mail.on_call.to = c@example.org",
      "mail.boss.to = d@example.org",
      "mail.boss.on = age",
      `webhook.url = ${failing.origin}/${password}`,
      `webhook.chat.url = ${all.origin}/${password}`,
      'webhook.chat.template = {"text": "{title}"}',
      `webhook.chat.token = ${password}`,
      `webhook.pulse.url = ${none.origin}/`,
      "webhook.pulse.on = success",
    );
    const { exitCode, stderr } = await missing();
    expect(exitCode).toBe(4);
    expect(stderr).toContain(`a notification was not sent: webhook at ${failing.origin} answered 403`);
    expect(mail.mails).toMatchObject([{ to: ["c@example.org"] }]);
    expect(mail.mails[0]?.text).toContain("From: ngw@example.org\r\n");
    expect(failing.requests[0]?.headers["authorization"]).toBeUndefined();
    expect(all.requests).toMatchObject([
      {
        url: `/${password}`,
        headers: { authorization: `Bearer ${password}` },
        body: `{"text": "ngwbackup: verify of ${hostname()} ended as refused"}`,
      },
    ]);
    expect(none.requests).toEqual([]);
  });

  test("can be named by the environment, and notify --test tells each by its name", async () => {
    const mail = await startMailServer({ security: "none" });
    const [taken, refused] = [await startHookServer(), await startHookServer(404)];
    configure("mail.host = localhost", `mail.port = ${mail.port}`, "mail.gis.to = gis@example.org");
    const env = {
      NEXTGISWEB__NGWBACKUP__WEBHOOK__CHAT__URL: `${refused.origin}/${password}`,
      NEXTGISWEB__NGWBACKUP__WEBHOOK__PULSE__URL: `${taken.origin}/${password}`,
    };
    const { exitCode, stdout } = await ngwbackup(["notify", "--test"], { env });
    expect(exitCode).toBe(1);
    expect(stdout).toBe(
      `ok    mail gis to gis@example.org by localhost:${mail.port}
fail  webhook chat at ${refused.origin} answered 404
ok    webhook pulse at ${taken.origin}
`,
    );
    const shown = await ngwbackup(["config"], { env });
    expect(shown.stdout).toMatch(/ngwbackup\.webhook\.chat\.url +\*{8} +environment /);
    expect(shown.stdout).toMatch(/ngwbackup\.mail\.gis\.to +gis@example\.org /);
  });
});

describe("notify --test", () => {
  test("sends by every channel, whatever it wants to know of, and says what became of it", async () => {
    const mail = await startMailServer({ security: "none" });
    const hook = await startHookServer();
    configure(...mailLines(mail.port, "mail.on = age"), `webhook.url = ${hook.origin}/x`, "webhook.on = age");
    expect(await ngwbackup(["notify", "--test"])).toMatchObject({
      exitCode: 0,
      stdout: `ok    mail to a@example.org, b@example.org by localhost:${mail.port}\nok    webhook at ${hook.origin}\n`,
    });
    expect(mail.mails[0]?.text).toContain(`Subject: ngwbackup: a test from ${hostname()}`);
    expect(hook.requests).toHaveLength(1);
    expect(existsSync(state)).toBe(false);
  });

  test("ends with 1 when one is not taken", async () => {
    const hook = await startHookServer(403);
    configure(`webhook.url = ${hook.origin}/${password}`);
    const { exitCode, stdout } = await ngwbackup(["notify", "--test", "--json"]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      type: "summary",
      channels: [{ name: `webhook at ${hook.origin}`, ok: false, error: `webhook at ${hook.origin} answered 403` }],
    });
  });

  test("asks for a channel, and for --test", async () => {
    configure();
    expect(await ngwbackup(["notify", "--test"])).toMatchObject({ exitCode: 2 });
    expect(await ngwbackup(["notify"])).toMatchObject({ exitCode: 2 });
  });
});

describe("the configuration of channels", () => {
  test("shows no secret, and refuses what cannot work", async () => {
    configure(
      ...mailLines(25, "mail.security = tls", "mail.user = ngw", `mail.password = ${password}`),
      `webhook.url = https://example.org/${password}`,
      `webhook.token = ${password}`,
    );
    const { stdout, exitCode } = await ngwbackup(["config"]);
    expect(exitCode).toBe(0);
    for (const option of ["mail.password", "webhook.url", "webhook.token"])
      expect(stdout).toMatch(new RegExp(`ngwbackup\\.${option.replace(".", "\\.")} +\\*{8} `));
    for (const [lines, message] of [
      [["mail.to = nobody"], "expected a list, separated by commas, of: a mail address"],
      [["mail.to = a@b.c", "mail.host = mail.example.org", "mail.user = x"], "mail.user is set, and no password"],
      [
        ["mail.to = a@b.c", "mail.host = h", "mail.security = none", "mail.user = x", `mail.password = ${password}`],
        "its password would go to h in the clear",
      ],
      [
        [`webhook.url = ftp://x/${password}`],
        "webhook.url: expected a URL that begins with https:// or http://, with known placeholders, found ********",
      ],
      [["webhook.url = https://x/{nothing}"], "with known placeholders"],
      [['webhook.template = {"text": {title}}'], "webhook.template: expected JSON with placeholders"],
      [['webhook.template = {"text": "{tilte}"}'], "all of them known"],
      [["webhook.chat.on = age"], "webhook.chat.url is not set"],
      [["mail.gis.on = age"], "mail.gis.to is not set"],
      [["webhook.chat.urll = https://x/"], 'has no option "webhook.chat.urll"'],
      [["mail.gis.host = h"], 'has no option "mail.gis.host"'],
      [["webhook.a b.url = https://x/"], 'has no option "webhook.a b.url"'],
      [["webhook.on = failures"], "one of failure, loss, age, recovery, success"],
    ] as const) {
      configure(...lines);
      const refused = await ngwbackup(["backup"]);
      expect(refused.exitCode).toBe(2);
      expect(refused.stderr).toContain(message);
    }
    rmSync(config);
  });
});
