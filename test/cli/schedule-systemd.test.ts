import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { withClient } from "../fixtures/postgres.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { databaseSecret } from "../fixtures/secret.ts";
import { bootSystemd, type SystemdMachine, whyNoSystemd } from "../fixtures/systemd/machine.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

const obstacle = await whyNoSystemd();
const because = obstacle === undefined ? "" : `, skipped: ${obstacle}`;

/** Who runs the units: somebody without rights, who is everywhere. */
const [user, uid] = ["daemon", 1];

describe.skipIf(obstacle !== undefined)(`units under a running systemd${because}`, { timeout: 300_000 }, () => {
  let machine: SystemdMachine;
  let instance: TestInstance;
  /** `/srv/ngw` within the machine. */
  let folder: string;

  beforeAll(async () => {
    instance = await createTestInstance();
    folder = instance.folder;
    const { database, sdir } = instance;
    await createInstance({ settings: database.settings, sdir, scale: tinyScale });
    // By TCP, with a password: the socket's folder is under /tmp, which is hidden.
    await withClient(database.admin, (client) =>
      client.query(`ALTER ROLE ${database.role} PASSWORD '${databaseSecret}'`),
    );
    for (const name of ["backup", "metrics", "tmp"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "probe"), probe);
    chmodSync(join(folder, "probe"), 0o755);
    writeFileSync(join(folder, "systemd.ini"), config(String(database.settings.port)), { mode: 0o600 });
    for (const name of ["", ...readdirSync(folder, { recursive: true, encoding: "utf8" })])
      chownSync(join(folder, name), uid, uid);
    const booted = await bootSystemd();
    if (typeof booted === "string") throw new Error(booted);
    machine = booted;
    expect(await machine.run("mount", "--bind", folder, "/srv/ngw")).toMatchObject({ exitCode: 0 });
    // A timer is a minute late otherwise.
    const dropIn = "/etc/systemd/system/ngwbackup-backup.timer.d";
    await machine.run(
      "sh",
      "-c",
      `mkdir -p ${dropIn} && printf '[Timer]\\nAccuracySec=100ms\\n' > ${dropIn}/test.conf`,
    );
    await machine.run("mkdir", "/srv/elsewhere");
    await machine.run("chmod", "777", "/srv/elsewhere");
  });
  afterAll(async () => {
    await machine?.stop();
    await instance.drop();
  });

  /** What a hook of the hardened unit may do. */
  const probe = `#!/bin/sh
for place in /etc /usr /opt/ngwbackup /srv /srv/elsewhere /srv/ngw; do
  touch "$place/probe" 2>/dev/null && echo "wrote to $place"
done
ls /tmp | sed 's/^/in tmp: /'
sed -n 's/^NoNewPrivs:[^0-9]*/no new privileges: /p; s/^CapBnd:[^0-9a-f]*/capabilities: /p' /proc/self/status
`;

  const config = (port: string, ...more: readonly string[]): string => {
    const { name, role } = instance.database;
    return [
      "[core]",
      "sdir = /srv/ngw/data",
      "database.host = 127.0.0.1",
      `database.port = ${port}`,
      `database.name = ${name}`,
      `database.user = ${role}`,
      `database.password = ${databaseSecret}`,
      "backup.path = /srv/ngw/backup",
      "backup.tmpdir = /srv/ngw/tmp",
      "[ngwbackup]",
      "metrics.path = /srv/ngw/metrics/ngw.prom",
      "keep.last = 3",
      "schedule.backup = *-*-* *:*:00/2",
      ...["verify", "drill", "prune", "status"].map((job) => `schedule.${job} = *-01-01 00:00:00`),
      "schedule.random_delay = 0",
      ...more,
      "",
    ].join("\n");
  };
  const configure = (port: number, ...more: readonly string[]): void =>
    writeFileSync(join(folder, "systemd.ini"), config(String(port), ...more));

  const systemctl = (...args: readonly string[]) => machine.run("systemctl", ...args);
  const property = async (unit: string, name: string): Promise<string> =>
    (await systemctl("show", unit, `--property=${name}`, "--value")).stdout.trim();
  const archives = (): string[] => readdirSync(join(folder, "backup")).filter((name) => /^\d.*\.ngwbackup$/.test(name));
  /** Starts a service and waits for its end. */
  const start = async (job: string): Promise<{ exitCode: number | null; result: string }> => {
    const { exitCode } = await systemctl("start", `ngwbackup-${job}.service`);
    return { exitCode, result: await property(`ngwbackup-${job}.service`, "Result") };
  };

  test("schedule --install starts the timers, and the backup's makes archives as the user that was chosen", async () => {
    configure(instance.database.settings.port!, `schedule.user = ${user}`);
    const installed = await machine.ngwbackup("schedule", "--install", "--config", "/srv/ngw/systemd.ini");
    expect(installed.exitCode, installed.stderr).toBe(0);
    expect((await machine.run("cat", "/etc/systemd/system/ngwbackup-backup.service")).stdout).toContain(
      "PrivateTmp=yes\n",
    );
    for (const job of ["backup", "verify", "drill", "prune", "status"])
      expect((await systemctl("is-active", `ngwbackup-${job}.timer`)).stdout).toBe("active\n");
    while (archives().length === 0) {
      expect(await property("ngwbackup-backup.service", "Result")).toBe("success");
      await sleep(100);
    }
    expect((await systemctl("stop", "ngwbackup-backup.timer")).exitCode).toBe(0);
    while ((await property("ngwbackup-backup.service", "ActiveState")) !== "inactive") await sleep(100);
    const archive = join(folder, "backup", archives()[0]!);
    expect(statSync(archive).uid).toBe(uid);
    expect((await runCli(["verify", archive])).exitCode).toBe(0);
  });

  test("a unit can write where it has to, and nowhere else", async () => {
    configure(instance.database.settings.port!, "hook.before = /srv/ngw/probe");
    expect(await start("backup")).toEqual({ exitCode: 0, result: "success" });
    const { stdout } = await machine.ngwbackup("history", "--config", "/srv/ngw/systemd.ini", "--json");
    const runs = JSON.parse(stdout.trim().split("\n").at(-1)!) as { runs: { id: number }[] };
    const { stdout: told } = await machine.ngwbackup(
      "history",
      String(runs.runs[0]!.id),
      "--config",
      "/srv/ngw/systemd.ini",
    );
    expect(told).toContain("no new privileges: 1");
    expect(told).toMatch(/capabilities: 0+\n/);
    expect(told).not.toContain("in tmp: ");
    expect(told).not.toContain("wrote to");
  });

  test.each(["verify", "drill", "prune", "status"])("%s does its work, too", async (job) => {
    configure(instance.database.settings.port!);
    expect(await start(job)).toEqual({
      exitCode: 0,
      result: "success",
    });
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
  });

  test("a unit that fails starts the one that tells of it", async () => {
    expect(existsSync(join(folder, "metrics", "ngw.prom"))).toBe(true);
    const before = await property("ngwbackup-status.service", "ExecMainStartTimestampMonotonic");
    configure(1);
    expect(await start("backup")).toEqual({ exitCode: 1, result: "exit-code" });
    while ((await property("ngwbackup-status.service", "ExecMainStartTimestampMonotonic")) === before) await sleep(100);
    while ((await property("ngwbackup-status.service", "ActiveState")) === "activating") await sleep(100);
    const metrics = readFileSync(join(folder, "metrics", "ngw.prom"), "utf8");
    expect(metrics).toMatch(/^ngwbackup_last_run_success\{.*kind="backup".*\} 0$/m);
  });

  test("restore --service stops the application's service before, and starts it after", async () => {
    configure(instance.database.settings.port!);
    const log = "/srv/ngw/ngw.log";
    const unit = `[Service]
ExecStartPre=/bin/sh -c 'echo started >> ${log}'
ExecStart=/bin/sleep infinity
ExecStopPost=/bin/sh -c 'echo stopped >> ${log}'
`;
    writeFileSync(join(folder, "ngw.service"), unit);
    await machine.run("cp", "/srv/ngw/ngw.service", "/etc/systemd/system/ngw.service");
    expect((await systemctl("daemon-reload")).exitCode).toBe(0);
    expect((await systemctl("start", "ngw.service")).exitCode).toBe(0);
    const restore = (archive: string) =>
      machine.ngwbackup("restore", "--yes", "--service", "ngw.service", "--config", "/srv/ngw/systemd.ini", archive);
    const told = (): string[] => readFileSync(join(folder, "ngw.log"), "utf8").trim().split("\n");

    const done = await restore(`/srv/ngw/backup/${archives()[0]}`);
    expect(done.exitCode, done.stderr).toBe(0);
    expect((await systemctl("is-active", "ngw.service")).stdout).toBe("active\n");
    expect(told()).toEqual(["started", "stopped", "started"]);

    expect((await restore("/nowhere")).exitCode).toBe(4);
    expect((await systemctl("is-active", "ngw.service")).stdout).toBe("active\n");
    const unknown = await machine.ngwbackup(
      "restore",
      "--yes",
      "--service",
      "none.service",
      "--config",
      "/srv/ngw/systemd.ini",
      "x",
    );
    expect(unknown).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("none.service cannot be stopped") });
  });
});
