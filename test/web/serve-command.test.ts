import { spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Readable } from "node:stream";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { runOnTerminal } from "../fixtures/on-terminal.ts";
import { type CliResult, type RunCliOptions, runCli } from "../fixtures/run-cli.ts";
import { cleanEnvironment } from "../fixtures/postgres.ts";
import { type WebInstance, webInstance } from "../fixtures/web-server.ts";

const program = resolve(import.meta.dirname, "../../src/cli.ts");

let instance: WebInstance;

beforeEach(async () => {
  instance = await webInstance({});
});

const serve = async (args: readonly string[], options: RunCliOptions = {}): Promise<CliResult> =>
  await runCli(["serve", "--config", instance.config, ...args], options);

const setPassword = async (password: string, ...args: string[]): Promise<CliResult> =>
  await serve(["--set-password", ...args], { stdin: Readable.from([password]) });

describe("users", () => {
  test("are made by their password, listed, and removed", async () => {
    expect(await serve(["--users"])).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "nobody yet: ngwbackup serve --set-password\n",
    });
    expect(await setPassword("correct horse battery\n")).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "admin can sign in as operator; sessions until now have ended\n",
    });
    expect((await setPassword("correct horse battery", "vera", "--role", "viewer", "--json")).stdout).toBe(
      '{"type":"summary","command":"serve","user":"vera","role":"viewer","tokens":0}\n',
    );
    expect((await serve(["--users"])).stdout).toBe("operator  admin\nviewer    vera\n");
    expect((await serve(["--users", "--json"])).stdout).toBe(
      '{"type":"summary","command":"serve","users":[{"name":"admin","role":"operator"},{"name":"vera","role":"viewer"}]}\n',
    );
    expect((await serve(["--remove-user", "vera"])).stderr).toBe(
      "vera is no user any more; sessions and tokens have ended\n",
    );
    expect(await serve(["--remove-user", "vera"])).toMatchObject({
      exitCode: 2,
      stderr: "error: there is no user vera\nhint: there are: admin\n",
    });
    expect(statSync(join(instance.folder, "data/.ngwbackup/web.sqlite")).mode & 0o777).toBe(0o600);
    expect(statSync(join(instance.folder, "data/.ngwbackup")).mode & 0o777).toBe(0o700);
  });

  test("have no short password, no strange name, and no password in arguments", async () => {
    expect(await setPassword("short")).toMatchObject({
      exitCode: 2,
      stderr:
        "error: expected a password of at least 12 characters, found 5\nhint: several words are easy to remember and hard to guess\n",
    });
    expect((await setPassword("p".repeat(1001))).stderr).toContain(
      "error: expected a password of at most 1000 characters\n",
    );
    expect((await setPassword("correct horse battery", "a b")).stderr).toContain('error: "a b" is no name of a user\n');
    expect((await serve(["--set-password", "--password-file", "missing"])).stderr).toMatch(
      /^error: --password-file: cannot read .*missing/,
    );
    expect((await serve(["--users"])).stdout).toBe("");
  });

  test("have their password asked for twice on a terminal, which does not show it", () => {
    const password = "correct horse battery";
    const { exitCode, shown } = runOnTerminal(
      process.execPath,
      [program, "serve", "--set-password", "--config", instance.config],
      password,
      { env: { ...cleanEnvironment(), NODE_OPTIONS: "--disable-warning=ExperimentalWarning" } },
    );
    expect({ exitCode, shown }).toEqual({
      exitCode: 0,
      shown:
        "New password of admin: \r\nThe same password again: \r\nadmin can sign in as operator; sessions until now have ended\r\n",
    });
  });

  test("need a place to be kept", async () => {
    const { exitCode, stderr } = await runCli(["serve", "--set-password"], {
      stdin: Readable.from(["correct horse battery"]),
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(
      "error: there is no place for users and sessions: neither sdir nor backup.path is configured\n",
    );
  });
});

describe("what does not fit", () => {
  test.for<[args: string[], message: string]>([
    [["--users", "--print-unit"], "exclude each other"],
    [["--role", "viewer"], "--role and --password-file belong to --set-password"],
    [["anna"], "nothing is to be done with user anna"],
    [["--listen", "8487"], "expected HOST:PORT"],
    [["--listen", "0.0.0.0:0"], "passwords would go over the network as they are: 0.0.0.0 without TLS"],
    [["--listen", "[::]:0"], "passwords would go over the network as they are: :: without TLS"],
  ])("%j is refused", async ([args, message]) => {
    const { exitCode, stderr } = await serve(args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });

  test("a port that is taken is told of", async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const { exitCode, stderr } = await serve(["--listen", `127.0.0.1:${port}`]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      `error: cannot listen on 127.0.0.1:${port}: another program listens there\nhint: choose another one`,
    );
  });

  test("files of TLS that cannot be used are told of", async () => {
    for (const [lines, message] of [
      ["serve.tls_cert = missing.pem\nserve.tls_key = missing.pem", "serve.tls_cert: "],
      [`serve.tls_cert = ${instance.config}\nserve.tls_key = ${instance.config}`, "TLS cannot be set up with"],
    ] as const) {
      writeFileSync(
        instance.config,
        `${readFileSync(instance.config, "utf8").split("[ngwbackup]")[0]}[ngwbackup]\n${lines}\n`,
      );
      const { exitCode, stderr } = await serve(["--listen", "127.0.0.1:0"]);
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
    }
  });

  test("a file of users from a later version is left alone", async () => {
    const database = new DatabaseSync(join(instance.folder, "data/.ngwbackup/web.sqlite"));
    database.exec("PRAGMA user_version = 99");
    database.close();
    const { exitCode, stderr } = await serve(["--users"]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /error: .*web\.sqlite was written by a newer ngwbackup: expected version \d+ or less, found 99\n/,
    );
  });
});

describe("units of systemd", () => {
  test("are printed with the paths that runs need, and let runs go on", async () => {
    const service = await serve(["--print-unit"]);
    expect(service.exitCode).toBe(0);
    expect(service.stderr).toContain(
      "/etc/systemd/system/ngwbackup-serve.service; then: systemctl enable --now ngwbackup-serve.service",
    );
    const lines = service.stdout.split("\n");
    expect(lines).toContain("KillMode=process");
    expect(lines).toContain("PrivateTmp=no");
    expect(lines).toContain(`Environment=NEXTGISWEB_CONFIG=${instance.config}`);
    expect(lines.find((line) => line.startsWith("ExecStart="))).toMatch(/\/bin\/ngwbackup serve$/);
    expect(lines.find((line) => line.startsWith("ReadWritePaths="))).toContain(`-${join(instance.folder, "backup")} `);
    const socket = await serve(["--print-socket"]);
    expect(socket.stdout).toContain("ListenStream=127.0.0.1:8487\n");
    const bare = await runCli(["serve", "--print-unit"], {
      cwd: instance.folder,
      env: { NEXTGISWEB__CORE__SDIR: "/data" },
    });
    expect(bare.exitCode).toBe(0);
    const none = await runCli(["serve", "--print-unit"], { cwd: "/" });
    expect(none).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("hint: ngwbackup serve --print-unit --config"),
    });
  });

  const hasAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
  test.skipIf(!hasAnalyze)("are verified by systemd-analyze, and called safe", async () => {
    const paths = await Promise.all(
      ["unit", "socket"].map(async (what) => {
        const { stdout } = await serve([`--print-${what}`, "--json"]);
        const { file, unit } = JSON.parse(stdout) as { file: string; unit: string };
        writeFileSync(join(instance.folder, file), unit);
        return join(instance.folder, file);
      }),
    );
    const verified = spawnSync("systemd-analyze", ["verify", "--man=no", ...paths], { encoding: "utf8" });
    expect({ status: verified.status, stderr: verified.stderr }).toEqual({ status: 0, stderr: "" });
    const { status, stdout: report } = spawnSync(
      "systemd-analyze",
      ["security", "--offline=true", "--threshold=50", "--no-pager", paths[0]!],
      { encoding: "utf8" },
    );
    expect(status, report).toBe(0);
  });
});
