import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { loadSettings, type Settings } from "../../src/config/settings.ts";
import { emptyPolicy } from "../../src/retention/policy.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

let cwd: string;
beforeEach(async () => {
  cwd = await tempFolder();
});

/** Writes files under the working folder, then loads. */
async function load(
  files: Readonly<Record<string, string | Buffer>>,
  env: Readonly<Record<string, string>> = {},
  configPaths: readonly string[] = [],
): Promise<Settings> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, name)), { recursive: true });
    await writeFile(join(cwd, name), content);
  }
  return loadSettings({ env, cwd, configPaths });
}

function shown({ values }: Settings, option: string): { value: string | null; source: string } | undefined {
  const found = values.find((value) => `${value.section}.${value.option}` === option);
  return found === undefined ? undefined : { value: found.value, source: found.source };
}

describe("files", () => {
  it("are those of --config, later ones winning, an empty value deleting", async () => {
    const settings = await load(
      {
        "a.ini": "[core]\nsdir = /a\ndatabase.name = a\ndatabase.user = a\n",
        "b.ini": "[core]\n# comment\ndatabase.name = b\ndatabase.user =\n",
        "config.ini": "[core]\nsdir = /never\n",
      },
      { NEXTGISWEB_CONFIG: "config.ini" },
      ["a.ini", join(cwd, "b.ini")],
    );
    expect(settings.sdirPath).toBe("/a");
    expect(settings.database).toMatchObject({ database: "b", user: "nextgisweb" });
    expect(shown(settings, "core.database.name")).toEqual({ value: "b", source: `${join(cwd, "b.ini")}:3` });
    expect(settings.files).toEqual(["a.ini", join(cwd, "b.ini")]);
  });

  it("are those of NEXTGISWEB_CONFIG when no --config is given", async () => {
    const files = {
      "a.ini": "[core]\nsdir = /a\n",
      "b.ini": "[core]\nsdir = /b\n",
      "config.ini": "[core]\nsdir = /c\n",
    };
    expect((await load(files, { NEXTGISWEB_CONFIG: "a.ini:b.ini" })).sdirPath).toBe("/b");
    expect((await load(files, { NEXTGISWEB_CONFIG: "" })).sdirPath).toBe("/c");
  });

  it("are config/config.ini, else config.ini, else none", async () => {
    const none = await load({});
    expect(none.files).toEqual([]);
    expect(none.sdirPath).toBeUndefined();
    expect((await load({ "config.ini": "[core]\nsdir = /b\n" })).sdirPath).toBe("/b");
    const both = await load({ "config/config.ini": "[core]\nsdir = /a\n" });
    expect(both.sdirPath).toBe("/a");
    expect(both.files).toEqual(["config/config.ini"]);
  });

  it.each([
    [["gone.ini"], "configuration file gone.ini does not exist", "config-not-found"],
    [["config.ini/x"], "configuration file config.ini/x does not exist", "config-not-found"],
    [["."], "configuration file .: expected a file, found a folder", "config-is-folder"],
    [["cp1251.ini"], "cp1251.ini:2: expected UTF-8, found other bytes", "config-encoding"],
  ])("that cannot be read are named: %j", async (configPaths, message, code) => {
    const loading = load(
      { "config.ini": "", "cp1251.ini": Buffer.from("[core]\na=\xef\xf0\n", "latin1") },
      {},
      configPaths,
    );
    await expect(loading).rejects.toMatchObject({
      message,
      code,
      exitCode: 2,
      hints: expect.arrayContaining([expect.any(String)]),
    });
  });
});

describe("layers", () => {
  it("are files, then the include, then variables", async () => {
    const file = { "config.ini": "[DEFAULT]\npath = /d\n[core]\nsdir = /a\nbackup.path = /a\n[file_storage]\n" };
    const include = "[core]\r\nsdir = /i\r\nbackup.tmpdir = /i";
    const settings = await load(file, {
      NEXTGISWEB_CONFIG_INCLUDE: include,
      NEXTGISWEB__CORE__BACKUP__TMPDIR: "/v",
      NEXTGISWEB_CORE__BACKUP__PATH: "",
    });
    expect(settings.sdirPath).toBe("/i");
    expect(shown(settings, "core.sdir")?.source).toBe("NEXTGISWEB_CONFIG_INCLUDE:2");
    expect(settings.backup).toEqual({ tmpdir: "/v", filename: "%Y%m%d-%H%M%S.ngwbackup" });
    expect(shown(settings, "core.backup.tmpdir")?.source).toBe("environment NEXTGISWEB__CORE__BACKUP__TMPDIR");
    expect(shown(settings, "core.backup.path")).toEqual({ value: null, source: "default" });
    expect(shown(settings, "file_storage.path")).toEqual({ value: "/d", source: "config.ini:2" });
  });

  it("end with references to the environment", async () => {
    const settings = await load(
      { "config.ini": "[core]\nsdir = ${HOME:/none}/data\ndatabase.name = ${GONE:}\ndatabase.user = ${GONE}\n" },
      { HOME: "/home/ngw" },
    );
    expect(settings.sdirPath).toBe("/home/ngw/data");
    // Empty after substitution is as good as not set.
    expect(settings.database.database).toBe("nextgisweb");
    expect(settings.database.user).toBe("${GONE}");
  });

  it("keep section names in their case and take option names in any", async () => {
    const settings = await load({ "config.ini": "[Core]\nsdir = /no\n[core]\nDatabase.HOST = db\n" });
    expect(settings.sdirPath).toBeUndefined();
    expect(settings.database.host).toBe("db");
  });
});

describe("paths", () => {
  it("count from the working folder and follow from sdir", async () => {
    const settings = await load({ "config/config.ini": "[core]\nsdir = data\nbackup.path = ../out\n" });
    expect(settings).toMatchObject({
      sdirPath: join(cwd, "data"),
      fileStoragePath: join(cwd, "data/file_storage"),
      fontPath: join(cwd, "data/core/fontconfig"),
      backup: { path: join(dirname(cwd), "out") },
    });
    expect(shown(settings, "file_storage.path")).toEqual({ value: join(cwd, "data/file_storage"), source: "default" });
  });

  it("take [file_storage] path without sdir", async () => {
    expect(await load({ "config.ini": "[file_storage]\npath = /blobs\n" })).toMatchObject({
      sdirPath: undefined,
      fileStoragePath: "/blobs",
      fontPath: undefined,
    });
  });
});

describe("wrong values", () => {
  it.each([
    [
      "[core]\n\ndatabase.port = abc",
      'config.ini:3: [core] database.port: expected a whole number from 1 to 65535, found "abc"',
    ],
    [
      "[core]\ndatabase.connect_timeout = 5s",
      'config.ini:2: [core] database.connect_timeout: expected a duration such as 30 (seconds), 5m, 2h or 7d, found "5s"',
    ],
    [
      "[core]\nbackup.filename = ../%Y",
      'config.ini:2: [core] backup.filename: expected a pattern of strftime for a file name, such as %Y%m%d-%H%M%S.ngwbackup, found "../%Y"',
    ],
    [
      "[ngwbackup]\ncompression = ZSTD",
      'config.ini:2: [ngwbackup] compression: expected one of zstd, deflate, none, found "ZSTD"',
    ],
    [
      "[ngwbackup]\nnice.level = -5",
      'config.ini:2: [ngwbackup] nice.level: expected a whole number from 0 to 19, found "-5"',
    ],
    [
      "[ngwbackup]\nnice.jobs = 0",
      'config.ini:2: [ngwbackup] nice.jobs: expected a whole number from 1 to 64, found "0"',
    ],
    [
      "[ngwbackup]\nnice.io = realtime",
      'config.ini:2: [ngwbackup] nice.io: expected one of idle, best-effort, none, found "realtime"',
    ],
    [
      "[ngwbackup]\nnice.read_rate = fast",
      'config.ini:2: [ngwbackup] nice.read_rate: expected a size such as 1048576, 512M or 50MiB, found "fast"',
    ],
    ["[ngwbackup]\njobs = 0", 'config.ini:2: [ngwbackup] jobs: expected a whole number from 1 to 64, found "0"'],
    [
      "[ngwbackup]\ncompression = deflate\nlevel = 19",
      'config.ini:3: [ngwbackup] level: expected a whole number from 1 to 9 with compression deflate, found "19"',
    ],
    [
      "[ngwbackup]\nkeep_previous = a\n week",
      String.raw`config.ini:2: [ngwbackup] keep_previous: expected a duration such as 30 (seconds), 5m, 2h or 7d, found "a\nweek"`,
    ],
    [
      "[ngwbackup]\nadmin.port = 70000",
      'config.ini:2: [ngwbackup] admin.port: expected a whole number from 1 to 65535, found "70000"',
    ],
  ])("name file, line, option, expected, found: %j", async (text, message) => {
    await expect(load({ "config.ini": text })).rejects.toMatchObject({ message, code: "wrong-value", exitCode: 2 });
  });

  it("name a variable", async () => {
    await expect(load({}, { NEXTGISWEB__CORE__DATABASE__PORT: "0" })).rejects.toThrow(
      'environment NEXTGISWEB__CORE__DATABASE__PORT: [core] database.port: expected a whole number from 1 to 65535, found "0"',
    );
  });

  it("are quoted in part when long", async () => {
    await expect(load({ "config.ini": `[ngwbackup]\njobs = ${"9".repeat(500)}` })).rejects.toThrow(
      `found "${"9".repeat(80)}..."`,
    );
  });
});

describe("unknown options", () => {
  it.each([
    [
      "[ngwbackup]\nkeep_previus = 1d",
      'config.ini:2: [ngwbackup] has no option "keep_previus"',
      "did you mean keep_previous?",
    ],
    ["[ngwbackup]\nuser = x", 'config.ini:2: [ngwbackup] has no option "user"', "did you mean admin.user?"],
    [
      "[ngwbackup]\nzzz = x",
      'config.ini:2: [ngwbackup] has no option "zzz"',
      expect.stringMatching(/^known ones: .*jobs/),
    ],
  ])("of our own section are refused: %j", async (text, message, hint) => {
    await expect(load({ "config.ini": text })).rejects.toMatchObject({
      message,
      code: "unknown-option",
      hints: [hint],
    });
  });

  it("of our own section are refused in the environment", async () => {
    await expect(load({}, { NEXTGISWEB__NGWBACKUP__JOBBS: "1" })).rejects.toMatchObject({
      message: 'environment NEXTGISWEB__NGWBACKUP__JOBBS: [ngwbackup] has no option "jobbs"',
      hints: ["did you mean jobs?"],
    });
  });

  it("of other sections, and those that [DEFAULT] brings into ours, are let pass", async () => {
    const text = "[DEFAULT]\nx = 1\njobs = 3\n[ngwbackup]\nservice = s\n[core]\ndatabse.host = y\n[other]\nz = 1\n";
    expect((await load({ "config.ini": text })).ngwbackup).toMatchObject({ jobs: 3, service: "s" });
  });
});

describe("database", () => {
  it("has NextGIS Web's defaults where everything is silent", async () => {
    const { database } = await load({});
    expect(database).toEqual({
      host: "localhost",
      port: 5432,
      database: "nextgisweb",
      user: "nextgisweb",
      connectTimeoutMs: 5000,
      env: {},
    });
  });

  it("is left to libpq's environment where the configuration is silent", async () => {
    const env = { PGHOST: "/run/pg", PGPORT: "5555", PGDATABASE: "", PGPASSWORD: "hunter2", PGCONNECT_TIMEOUT: "9" };
    const settings = await load({ "config.ini": "[core]\ndatabase.port = 6000\n" }, env);
    expect(settings.database).toEqual({ port: 6000, database: "nextgisweb", user: "nextgisweb", env });
    expect(shown(settings, "core.database.host")).toEqual({ value: "/run/pg", source: "libpq PGHOST" });
    expect(shown(settings, "core.database.password")).toEqual({ value: "********", source: "libpq PGPASSWORD" });
    expect(shown(settings, "core.database.connect_timeout")).toEqual({ value: "9", source: "libpq PGCONNECT_TIMEOUT" });
  });

  it("is left to a service's definition", async () => {
    const env = { PGSERVICE: "ngw" };
    const settings = await load({ "config.ini": "[core]\ndatabase.name = mine\n" }, env);
    expect(settings.database).toEqual({ database: "mine", env });
    expect(shown(settings, "core.database.host")).toEqual({ value: null, source: "libpq PGSERVICE" });
  });

  it("takes the password from a file, right-stripped, unless one is set", async () => {
    const files = { pw: " se cret \t\n\n", "config.ini": "[core]\ndatabase.pwfile = pw\n" };
    const settings = await load(files);
    expect(settings.database.password).toBe(" se cret");
    expect(shown(settings, "core.database.pwfile")).toEqual({ value: join(cwd, "pw"), source: "config.ini:2" });
    expect(shown(settings, "core.database.password")).toEqual({ value: "********", source: `file ${join(cwd, "pw")}` });

    const both = await load({ "config.ini": "[core]\ndatabase.pwfile = gone\ndatabase.password = top\n" });
    expect(both.database.password).toBe("top");
    expect(JSON.stringify(both.values)).not.toContain("top");
  });

  it.each([
    ["gone", "no such file"],
    ["empty", "found an empty file"],
  ])("names a password file that does not serve: %s", async (name, problem) => {
    const loading = load({ empty: "\n", "config.ini": `[core]\ndatabase.pwfile = ${name}\n` });
    await expect(loading).rejects.toMatchObject({ exitCode: 2, code: "password-file" });
    await expect(loading).rejects.toThrow(/^config\.ini:2: \[core\] database\.pwfile: /);
    await expect(loading).rejects.toThrow(problem);
  });
});

const noS3: Settings["ngwbackup"]["s3"] = {
  endpoint: undefined,
  region: undefined,
  pathStyle: undefined,
  accessKeyId: undefined,
  secretAccessKey: undefined,
  profile: undefined,
  storageClass: undefined,
  sse: undefined,
  sseKmsKeyId: undefined,
  objectLock: undefined,
  caFile: undefined,
};

describe("[ngwbackup] s3", () => {
  it("is read, and the secret key is never shown", async () => {
    const text = `[ngwbackup]
s3.endpoint = https://s3.example.org:9000
s3.region = eu-central-1
s3.path_style = no
s3.access_key_id = an-id
s3.secret_access_key = hunter2
s3.profile = backup
s3.storage_class = STANDARD_IA
s3.sse = aws:kms
s3.sse_kms_key_id = arn:aws:kms:eu-central-1:1:key/2
s3.object_lock_mode = COMPLIANCE
s3.object_lock_days = 30
s3.ca_file = ca.pem
`;
    const settings = await load({ "config.ini": text });
    expect(settings.ngwbackup.s3).toEqual({
      endpoint: "https://s3.example.org:9000",
      region: "eu-central-1",
      pathStyle: false,
      accessKeyId: "an-id",
      secretAccessKey: "hunter2",
      profile: "backup",
      storageClass: "STANDARD_IA",
      sse: "aws:kms",
      sseKmsKeyId: "arn:aws:kms:eu-central-1:1:key/2",
      objectLock: { mode: "COMPLIANCE", days: 30 },
      caFile: join(cwd, "ca.pem"),
    });
    expect(shown(settings, "ngwbackup.s3.secret_access_key")).toEqual({ value: "********", source: "config.ini:6" });
    expect(shown(settings, "ngwbackup.s3.ca_file")?.value).toBe(join(cwd, "ca.pem"));
    expect(JSON.stringify(settings.values)).not.toContain("hunter2");
  });

  it.each([
    ["s3.endpoint = me:hunter2@example.org", "s3.endpoint: expected an address such as https://s3.example.org, found"],
    ["s3.endpoint = https://me:hunter2@example.org", "s3.endpoint: expected an address without user and password"],
    ["s3.endpoint = ftp://example.org", "s3.endpoint: expected an address such as"],
    ["s3.secret_access_key = hunter2", "s3.secret_access_key: expected both s3.access_key_id and s3.secret_access_key"],
    ["s3.access_key_id = a", "s3.access_key_id: expected both s3.access_key_id and s3.secret_access_key"],
    ["s3.object_lock_days = 3", "s3.object_lock_days: expected both s3.object_lock_mode and s3.object_lock_days"],
    ["s3.object_lock_mode = GOVERNANCE", "s3.object_lock_mode: expected both"],
    ["s3.object_lock_mode = governance", "s3.object_lock_mode: expected one of GOVERNANCE, COMPLIANCE"],
    ["s3.sse_kms_key_id = a", "s3.sse_kms_key_id: expected s3.sse = aws:kms beside it"],
    ["s3.storage_class = standard", "s3.storage_class: expected a storage class such as STANDARD_IA"],
  ])("refuses %s", async (line, message) => {
    const loading = load({ "config.ini": `[ngwbackup]\n${line}\n` });
    await expect(loading).rejects.toMatchObject({ exitCode: 2, code: "wrong-value" });
    await expect(loading).rejects.toThrow(`config.ini:2: [ngwbackup] ${message}`);
    await expect(loading).rejects.not.toThrow("hunter2");
  });
});

describe("[ngwbackup]", () => {
  it("has defaults", async () => {
    expect((await load({})).ngwbackup).toEqual({
      applicationCommand: undefined,
      applicationPython: undefined,
      applicationMigrations: undefined,
      pgBinDir: undefined,
      jobs: undefined,
      compression: "zstd",
      level: undefined,
      nice: { jobs: 1, level: 10, io: "idle", readRate: undefined, writeRate: undefined },
      s3: noS3,
      encryption: {
        recipients: undefined,
        recipientsFile: undefined,
        passphraseFile: undefined,
        identityFiles: undefined,
        readPassphraseFile: undefined,
        signKeyFile: undefined,
      },
      admin: undefined,
      template: undefined,
      retention: { policy: emptyPolicy, isAfterBackup: false, includesEncrypted: false },
      rclone: { path: undefined, config: undefined },
      keepPreviousMs: 7 * 86_400_000,
      drill: { command: undefined, timeoutMs: 600_000, server: undefined },
      service: "ngw.service",
    });
  });

  it("is read", async () => {
    const text = `[ngwbackup]
application.command = docker exec "my ngw" nextgisweb
application.python = /opt/ngw/bin/python
application.migrations = a/migration , /b/migration
pg_bindir = pg/bin
jobs = 4
compression = deflate
level = 6
nice.jobs = 2
nice.level = 19
nice.io = best-effort
nice.read_rate = 50MiB
nice.write_rate = 1000
encrypt.recipients = age1a , age1b
encrypt.recipients_file = recipients.txt
encrypt.passphrase_file = passphrase
decrypt.identity = key.txt, /root/other.txt
decrypt.passphrase_file = /run/passphrase
sign.key = signer
template = ngw_template
keep.last = 3
keep.weekly = 5
keep.within = 1m14d
keep.within_yearly = 10y
keep.tag = release, before migration
keep.after_backup = yes
rclone.path = /opt/rclone
rclone.config = rclone.conf
keep_previous = 0
drill.command = /opt/check --quick
drill.timeout = 90
service = ngw2.service
`;
    const settings = await load({ "config.ini": text });
    expect(shown(settings, "ngwbackup.nice.read_rate")?.value).toBe("50MiB");
    expect(shown(settings, "ngwbackup.nice.write_rate")?.value).toBe("1000");
    expect(settings.ngwbackup).toEqual({
      applicationCommand: ["docker", "exec", "my ngw", "nextgisweb"],
      applicationPython: "/opt/ngw/bin/python",
      applicationMigrations: [join(cwd, "a/migration"), "/b/migration"],
      pgBinDir: join(cwd, "pg/bin"),
      jobs: 4,
      compression: "deflate",
      level: 6,
      nice: { jobs: 2, level: 19, io: "best-effort", readRate: 50 * 1024 ** 2, writeRate: 1000 },
      s3: noS3,
      encryption: {
        recipients: ["age1a", "age1b"],
        recipientsFile: join(cwd, "recipients.txt"),
        passphraseFile: join(cwd, "passphrase"),
        identityFiles: [join(cwd, "key.txt"), "/root/other.txt"],
        readPassphraseFile: "/run/passphrase",
        signKeyFile: join(cwd, "signer"),
      },
      admin: undefined,
      template: "ngw_template",
      retention: {
        policy: {
          last: 3,
          counts: { weekly: 5 },
          within: { years: 0, months: 1, days: 14, hours: 0 },
          withinPeriods: { yearly: { years: 10, months: 0, days: 0, hours: 0 } },
          tags: [["release"], ["before migration"]],
        },
        isAfterBackup: true,
        includesEncrypted: false,
      },
      rclone: { path: "/opt/rclone", config: join(cwd, "rclone.conf") },
      keepPreviousMs: 0,
      drill: { command: ["/opt/check", "--quick"], timeoutMs: 90_000, server: undefined },
      service: "ngw2.service",
    });
  });

  it.each([
    ["keep.within", "14"],
    ["keep.within_daily", "2w"],
    ["keep.last", "-1"],
    ["keep.tag", "a,,b"],
    ["keep.after_backup", "maybe"],
  ])("refuses %s = %s", async (option, value) => {
    const loading = load({ "config.ini": `[ngwbackup]\n${option} = ${value}\n` });
    await expect(loading).rejects.toMatchObject({ exitCode: 2, code: "wrong-value" });
  });

  it("ignores the level of a compression that has none", async () => {
    expect((await load({ "config.ini": "[ngwbackup]\ncompression = none\nlevel = 19\n" })).ngwbackup.level).toBe(19);
  });

  it("makes an administrator's connection when one of its options is set", async () => {
    const env = { PGPASSWORD: "ordinary", PGSSLMODE: "require" };
    const text =
      "[core]\ndatabase.host = db\ndatabase.port = 6000\n[ngwbackup]\nadmin.user = root\nadmin.pwfile = pw\n";
    const settings = await load({ "config.ini": text, pw: "top\n" }, env);
    expect(settings.ngwbackup.admin).toEqual({
      host: "db",
      port: 6000,
      database: "postgres",
      user: "root",
      password: "top",
      connectTimeoutMs: 5000,
      env: { PGPASSWORD: undefined, PGSSLMODE: "require" },
    });
    expect(shown(settings, "ngwbackup.admin.host")).toEqual({ value: "db", source: "as database.host" });
    expect(JSON.stringify(settings.values)).not.toContain("top");
  });
});

describe("a drill's server", () => {
  it("has a connection of its own when a host is named", async () => {
    const env = { PGPASSWORD: "ordinary", PGSSLMODE: "require" };
    const text = "[core]\ndatabase.port = 6000\n[ngwbackup]\ndrill.host = spare\ndrill.pwfile = pw\n";
    const settings = await load({ "config.ini": text, pw: "top\n" }, env);
    expect(settings.ngwbackup.drill.server).toEqual({
      host: "spare",
      port: 5432,
      database: "postgres",
      user: "postgres",
      password: "top",
      connectTimeoutMs: 5000,
      env: { PGPASSWORD: undefined, PGSSLMODE: "require" },
    });
    expect(JSON.stringify(settings.values)).not.toContain("top");
  });

  it("is not named by half", async () => {
    await expect(load({ "config.ini": "[ngwbackup]\ndrill.user = x\n" })).rejects.toThrow(
      "config.ini:2: [ngwbackup] drill.user is set, and no drill.host",
    );
  });
});

it("gives every option once, with a source", async () => {
  const files = { "config.ini": "[core]\nsdir = /a\n[ngwbackup]\nadmin.user = x\n" };
  for (const settings of [await load({}), await load(files, { PGPASSFILE: "/x", PGHOST: "h" })]) {
    const names = settings.values.map(({ section, option }) => `${section}.${option}`);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(114);
    expect(settings.values.every(({ source }) => source !== "")).toBe(true);
  }
});

it.skipIf(process.geteuid?.() === 0)("names a file that may not be read", async () => {
  await load({ "config.ini": "" });
  await chmod(join(cwd, "config.ini"), 0);
  await expect(load({})).rejects.toMatchObject({ code: "config-not-readable", exitCode: 2 });
});
