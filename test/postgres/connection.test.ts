import { execFileSync, spawnSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster } from "../../src/cluster/cluster.ts";
import { RefusedError } from "../../src/errors.ts";
import { connect, lostConnection, serverVersionNumber } from "../../src/postgres/connection.ts";
import { libpqEnvironment } from "../../src/postgres/connection-parameters.ts";
import { matchPassword } from "../../src/postgres/connection-password.ts";
import { copyOut } from "../../src/postgres/copy-out.ts";
import { releaseOperationLock, takeOperationLock } from "../../src/postgres/operation-lock.ts";
import { qualifiedName, quoteIdentifier, quoteLiteral } from "../../src/postgres/quoting.ts";
import type { ConnectionSettings } from "../../src/postgres/settings.ts";
import { cleanEnvironment, createTestDatabase, testCluster, type TestDatabase } from "../fixtures/postgres.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

let database: TestDatabase;
/** The same database over TCP, where the server asks for a password. */
let tcp: ConnectionSettings;
const password = "s3cret-ünd'\"wörd";

beforeAll(async () => {
  database = await createTestDatabase({ postgis: false });
  tcp = { ...database.settings, host: "127.0.0.1" };
  const admin = await connect(database.admin);
  await admin.query(`ALTER ROLE ${database.role} PASSWORD ${quoteLiteral(password)}`);
  await admin.end();
});
afterAll(async () => await database.drop());

async function ask(settings: ConnectionSettings, sql: string): Promise<unknown> {
  const client = await connect(settings);
  try {
    const { rows } = await client.query<{ answer: unknown }>(`SELECT (${sql}) AS answer`);
    return rows[0]?.answer;
  } finally {
    await client.end();
  }
}

describe("a session", () => {
  it("has no timeouts, notices when we die, and names itself", async () => {
    const { admin } = database;
    const client = await connect(admin);
    await client.query(
      `ALTER ROLE ${database.role} SET statement_timeout = '1s'; ALTER ROLE ${database.role} SET lock_timeout = '1s';
       ALTER ROLE ${database.role} SET idle_in_transaction_session_timeout = '1s'`,
    );
    await client.end();
    const session = await connect(database.settings);
    const { rows } = await session.query<{ name: string; setting: string }>(
      `SELECT name, setting FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout', 'application_name',
        'idle_in_transaction_session_timeout', 'client_connection_check_interval') ORDER BY name`,
    );
    expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
      application_name: "ngwbackup",
      client_connection_check_interval: "1000",
      idle_in_transaction_session_timeout: "0",
      lock_timeout: "0",
      statement_timeout: "0",
    });
    expect(await serverVersionNumber(session)).toBeGreaterThan(120000);
    await session.end();
    const other = await connect(database.settings, {
      lockTimeoutMs: 1234,
      applicationName: "x",
      clientEncoding: "LATIN1",
    });
    const settings = await other.query(
      "SELECT current_setting('lock_timeout') a, current_setting('application_name') b, current_setting('client_encoding') c",
    );
    expect(settings.rows).toEqual([{ a: "1234ms", b: "x", c: "LATIN1" }]);
    await other.end();
  });

  it("that breaks while idle does not end the process", async () => {
    const session = await connect(database.settings);
    const { rows } = await session.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    expect(lostConnection(session)).toBeUndefined();
    await ask(database.admin, `pg_terminate_backend(${rows[0]!.pid})`);
    await expect.poll(() => lostConnection(session)?.message).toMatch(/terminat/);
    await expect(session.query("SELECT 1")).rejects.toThrow();
    await session.end();
  });
});

describe("libpq's environment", () => {
  const over = (env: Record<string, string>): ConnectionSettings => {
    const { host, port } = testCluster();
    const { name, role } = database;
    return {
      env: { ...cleanEnvironment(), PGHOST: host, PGPORT: String(port), PGDATABASE: name, PGUSER: role, ...env },
    };
  };

  it("counts where the settings are silent", async () => {
    expect(await ask(over({}), "current_user || '/' || current_database()")).toBe(`${database.role}/${database.name}`);
    expect(await ask(over({ PGOPTIONS: "-c work_mem=7MB" }), "current_setting('work_mem')")).toBe("7MB");
    expect(await ask({ ...over({ PGDATABASE: "no" }), database: database.name }, "current_database()")).toBe(
      database.name,
    );
    expect(await ask(over({ PGHOST: "127.0.0.1", PGPASSWORD: password }), "current_user")).toBe(database.role);
    await expect(connect(over({ PGPORT: "x" }))).rejects.toMatchObject({ exitCode: 2, message: /PGPORT is "x"/ });
  });

  it("gives a password file, unless others can read it", async () => {
    const file = join(await tempFolder(), "passes");
    const escaped = password.replaceAll(":", "\\:");
    await writeFile(file, `# comment\nother:*:*:*:wrong\n127.0.0.1:*:${database.name}:*:${escaped}\n*:*:*:*:late\n`);
    await chmod(file, 0o600);
    const settings = { ...tcp, env: { ...tcp.env, PGPASSFILE: file } };
    expect(await ask(settings, "current_user")).toBe(database.role);
    await chmod(file, 0o640);
    await expect(connect(settings)).rejects.toMatchObject({ code: "no-password" });
  });

  it.each([
    ["h:1:d:u:p", "p"],
    ["*:*:*:*:p\\:q\\\\r:s", "p:q\\r:s"],
    ["h:2:d:u:p\n\nh:1:d:*:q", "q"],
    ["h:1:d", undefined],
    ["\\*:1:d:u:p", undefined],
    ["h:1:d:u:p\r\n", "p"],
  ])("reads the password file %j", (text, expected) => {
    expect(matchPassword(text, { host: "h", port: 1, database: "d", user: "u" })).toBe(expected);
  });

  it("gives a service, which outweighs the other variables", async () => {
    const home = await tempFolder();
    const { host, port } = testCluster();
    await writeFile(
      join(home, ".pg_service.conf"),
      `[other]\nhost=/nowhere\n\n# ours\n[mine]\nhost=${host}\nport = ${port}\nuser=${database.role}\ndbname=${database.name}\n[last]\nuser=x\n`,
    );
    const env = { HOME: home, PGSERVICE: "mine", PGHOST: "/wrong", PGUSER: "wrong" };
    expect(await ask({ env }, "current_user")).toBe(database.role);
    await expect(connect({ env: { ...env, PGSERVICE: "none" } })).rejects.toMatchObject({ exitCode: 2 });
    const child = await libpqEnvironment({ env });
    expect(child).toMatchObject({ PGHOST: host, PGUSER: database.role, PGDATABASE: database.name });
    expect(child.PGSERVICE).toBeUndefined();
  });

  it("is what client tools get, the password with it", async () => {
    const env = await libpqEnvironment({ ...tcp, password, env: { ...tcp.env, PGHOSTADDR: "10.0.0.1", KEPT: "yes" } });
    expect(env).toMatchObject({ PGHOST: "127.0.0.1", PGPASSWORD: password, KEPT: "yes", PGAPPNAME: "ngwbackup" });
    expect(env.PGHOSTADDR).toBeUndefined();
    const psql = join(testCluster().binDir, "psql");
    expect(execFileSync(psql, ["-XAtc", "SELECT current_user"], { env, encoding: "utf8" })).toBe(`${database.role}\n`);
  });
});

describe("a connection that cannot be made", () => {
  let silent: Server;
  beforeAll(async () => {
    silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => silent.close());

  it.each([
    [
      "a wrong password",
      { host: "127.0.0.1", password: "wr0ng-one" },
      "wrong-password",
      /does not accept the password/,
    ],
    ["no password", { host: "127.0.0.1" }, "no-password", /asks for the password of role/],
    ["no such database", { database: "no_such" }, "no-database", /has no database no_such/],
    ["no such role", { user: "no_such" }, "no-role", /has no role no_such/],
    [
      "no server at the port",
      { host: "127.0.0.1", port: 1 },
      "server-unreachable",
      /no PostgreSQL server answers at 127/,
    ],
    ["no server in the folder", { host: "/nowhere/at all" }, "server-unreachable", /\/nowhere\/at all:\d+ \(ENOENT\)/],
    ["no such host", { host: "host.invalid" }, "unknown-host", /host.invalid cannot be resolved/],
  ])("says why, and what next: %s", async (_, changes, code, message) => {
    const failed = connect({ ...database.settings, ...changes });
    await expect(failed).rejects.toMatchObject({ exitCode: 4, code, message });
    const error: unknown = await failed.catch((thrown: unknown) => thrown);
    if (!(error instanceof RefusedError)) throw new Error("connected");
    expect(JSON.stringify([error.message, error.hints, error.details])).not.toContain("wr0ng-one");
    expect(error.hints.length).toBeGreaterThan(0);
  });

  it("because the server never answers", async () => {
    const address = silent.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const failed = connect({ ...tcp, port, connectTimeoutMs: 300 });
    await expect(failed).rejects.toMatchObject({ code: "connect-timeout", message: /within 0.3 s/ });
  });

  it("because there are too many", async () => {
    const admin = await connect(database.admin);
    await admin.query(`ALTER ROLE ${database.role} CONNECTION LIMIT 0`);
    await expect(connect(database.settings)).rejects.toMatchObject({ code: "too-many-connections", exitCode: 4 });
    await admin.query(`ALTER ROLE ${database.role} CONNECTION LIMIT -1`);
    await admin.query(`REVOKE CONNECT ON DATABASE ${database.name} FROM PUBLIC, ${database.role}`);
    await expect(connect(database.settings)).rejects.toMatchObject({
      code: "no-connect-privilege",
      hints: [expect.stringContaining(`GRANT CONNECT ON DATABASE "${database.name}" TO "${database.role}"`)],
    });
    await admin.query(`GRANT CONNECT ON DATABASE ${database.name} TO PUBLIC`);
    await admin.end();
  });

  it("because TLS is wanted and the server has none", async () => {
    const required = { ...tcp, password, env: { ...tcp.env, PGSSLMODE: "require" } };
    await expect(connect(required)).rejects.toMatchObject({ code: "tls-failed", exitCode: 4 });
    for (const mode of ["disable", "allow", "prefer"]) {
      expect(await ask({ ...tcp, password, env: { ...tcp.env, PGSSLMODE: mode } }, "current_user")).toBe(database.role);
    }
    await expect(connect({ ...tcp, env: { ...tcp.env, PGSSLMODE: "maybe" } })).rejects.toMatchObject({ exitCode: 2 });
    const unverifiable = { ...tcp, env: { HOME: "/nowhere", PGSSLMODE: "verify-ca" } };
    await expect(connect(unverifiable)).rejects.toMatchObject({ code: "no-root-certificate" });
  });
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
describe.skipIf(!hasOpenssl)("TLS (needs openssl to make a certificate)", () => {
  it("is used, verified as the mode says, and carries COPY", async () => {
    const folder = await tempFolder();
    await chmod(folder, 0o755);
    const [cert, key] = [join(folder, "server.crt"), join(folder, "server.key")];
    const subject = ["-subj", "/CN=db.example", "-addext", "subjectAltName=DNS:db.example"];
    const request = ["req", "-new", "-x509", "-days", "2", "-nodes", "-newkey", "rsa:2048", ...subject];
    execFileSync("openssl", [...request, "-out", cert, "-keyout", key], { stdio: "ignore" });
    await chmod(key, 0o644);
    const signal = new AbortController().signal;
    const cluster = await startCluster({ env: process.env, signal, tcp: true, settings: { fsync: "off" } });
    try {
      const { host, port, superuser } = cluster;
      const plain = { host, port, user: superuser, database: "postgres", env: cleanEnvironment() };
      const admin = await connect(plain);
      const { rows } = await admin.query<{ data: string }>("SELECT current_setting('data_directory') AS data");
      // copied by the server itself, so that they are its own
      const text = (path: string): string => execFileSync("cat", [path], { encoding: "utf8" });
      for (const [name, path] of [
        ["server.crt", cert],
        ["server.key", key],
      ] as const) {
        const target = quoteLiteral(`sh -c 'umask 077; cat > "${rows[0]!.data}/${name}"'`);
        await admin.query(
          `COPY (SELECT unnest(string_to_array(${quoteLiteral(text(path))}, E'\\n'))) TO PROGRAM ${target}`,
        );
      }
      await admin.query("ALTER SYSTEM SET ssl = on");
      await admin.query(`ALTER ROLE ${quoteIdentifier(superuser)} PASSWORD 'p'`);
      await admin.query("SELECT pg_reload_conf()");
      await admin.end();
      const by = (env: Record<string, string>): ConnectionSettings => ({
        ...plain,
        host: "127.0.0.1",
        password: "p",
        env: { HOME: folder, ...env },
      });
      const usesTls = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
      await expect.poll(() => ask(by({}), usesTls), { timeout: 10_000 }).toBe(true);
      expect(await ask(by({ PGSSLMODE: "require" }), usesTls)).toBe(true);
      expect(await ask(by({ PGSSLMODE: "disable" }), usesTls)).toBe(false);
      expect(await ask(by({ PGSSLMODE: "verify-ca", PGSSLROOTCERT: cert }), usesTls)).toBe(true);
      const full = connect(by({ PGSSLMODE: "verify-full", PGSSLROOTCERT: cert }));
      await expect(full).rejects.toMatchObject({ code: "tls-failed", message: /altnames/ });
      await mkdir(join(folder, ".postgresql"));
      await writeFile(join(folder, ".postgresql", "root.crt"), text(cert));
      expect(await ask(by({ PGSSLMODE: "require" }), usesTls)).toBe(true);
      const session = await connect(by({ PGSSLMODE: "require" }));
      let bytes = 0;
      const onBlock = (block: Buffer): void => void (bytes += block.length);
      const sql = "COPY (SELECT repeat('t', i) FROM generate_series(1, 3000) i) TO STDOUT";
      expect(await copyOut(session, sql, { blockBytes: 100_000, onBlock })).toEqual({ rows: 3000, bytes: 4_504_500 });
      expect(bytes).toBe(4_504_500);
      await session.end();
    } finally {
      await cluster.stop();
    }
  });
});

describe("the operation lock", () => {
  it("is held by one session, whose end frees it, and names the holder", async () => {
    const first = await connect(database.settings, { applicationName: "ngwbackup backup" });
    const second = await connect(database.settings);
    const { rows } = await first.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    await takeOperationLock(first);
    await expect(takeOperationLock(second)).rejects.toMatchObject({
      exitCode: 6,
      details: [
        expect.stringMatching(new RegExp(`^pid ${rows[0]!.pid}  ngwbackup backup  local  since \\d{4}-.* UTC$`)),
      ],
    });
    await first.end();
    await expect
      .poll(() =>
        takeOperationLock(second).then(
          () => "taken",
          () => "busy",
        ),
      )
      .toBe("taken");
    await releaseOperationLock(second);
    const third = await connect(database.settings);
    await takeOperationLock(third);
    await third.end();
    await second.end();
  });
});

describe("quoting", () => {
  it.each(["plain", 'we"ird', "o'clock", "back\\slash", "new\nline", "юникод", "'; DROP TABLE x; --", ""])(
    "brings %j through unchanged",
    async (text) => {
      expect(await ask(database.settings, quoteLiteral(text))).toBe(text);
      if (text === "") return;
      const client = await connect(database.settings);
      await client.query(`BEGIN; CREATE SCHEMA ${quoteIdentifier(text)}; CREATE TABLE ${qualifiedName(text, text)} ()`);
      const { rows } = await client.query("SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = $1", [text]);
      expect(rows.length).toBe(1);
      await client.end();
    },
  );

  it("refuses what PostgreSQL cannot hold", () => {
    expect(() => quoteIdentifier("a\0b")).toThrow(RangeError);
    expect(() => quoteLiteral("a\0b")).toThrow(RangeError);
  });
});
