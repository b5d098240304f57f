import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type CliResult, runCli } from "../fixtures/run-cli.ts";
import { databaseSecret } from "../fixtures/secret.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

let folder: string;
let config: string;
let units: string;

beforeEach(async () => {
  folder = await tempFolder();
  units = join(folder, "units");
  mkdirSync(units);
  mkdirSync(join(folder, "data"));
  mkdirSync(join(folder, "bin"));
  config = join(folder, "config.ini");
  configure();
});

function configure(...lines: string[]): void {
  writeFileSync(
    config,
    [
      "[core]",
      `sdir = ${join(folder, "data")}`,
      "backup.path = /srv/my backup/100%",
      `database.password = ${databaseSecret}`,
      "[ngwbackup]",
      ...lines,
      "",
    ].join("\n"),
  );
}

/** A systemctl that notes how it is called. */
function standInSystemctl(rest = "exit 0"): void {
  const path = join(folder, "bin", "systemctl");
  writeFileSync(path, `#!/bin/sh\necho "$*" >> ${join(folder, "calls")}\n${rest}\n`);
  chmodSync(path, 0o755);
}

function calls(): string[] {
  const path = join(folder, "calls");
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  rmSync(path);
  return lines;
}

/** Nothing but what is put there. */
const schedule = (...args: string[]): Promise<CliResult> =>
  runCli(["schedule", "--config", config, ...args], { env: { PATH: join(folder, "bin") } });

const install = (...args: string[]): Promise<CliResult> => schedule("--unit-dir", units, "--install", ...args);

describe("schedule", () => {
  test("prints the units, hardened, with what they need and no secret", async () => {
    standInSystemctl();
    const { exitCode, stdout } = await schedule();
    expect(exitCode).toBe(0);
    const printed = stdout.split(/^# \/etc\/systemd\/system\//m).slice(1);
    expect(printed.map((unit) => unit.split("\n")[0])).toEqual([
      "ngwbackup-backup.service",
      "ngwbackup-backup.timer",
      "ngwbackup-verify.service",
      "ngwbackup-verify.timer",
      "ngwbackup-drill.service",
      "ngwbackup-drill.timer",
      "ngwbackup-status.service",
      "ngwbackup-status.timer",
    ]);
    const [backup = "", backupTimer, verify, , , , status] = printed.map((unit) => unit.split("\n"));
    const program = resolve(import.meta.dirname, "../../bin/ngwbackup");
    expect(backup).toContain(`ExecStart=${program} backup --nice`);
    expect(backup).toContain(`Environment=NEXTGISWEB_CONFIG=${config}`);
    expect(backup).toContain("OnFailure=ngwbackup-status.service");
    expect(backup).toContain("SuccessExitStatus=3");
    expect(backup).toContain("NoNewPrivileges=yes");
    expect(backup).toContain("ProtectSystem=strict");
    // The test's folders are under /tmp, which a private one would hide.
    expect(backup).toContain("PrivateTmp=no");
    const data = join(folder, "data");
    expect(backup).toContain(`ReadWritePaths="-/srv/my backup/100%%" -${data} -${data}/.ngwbackup -/tmp -/var/tmp`);
    expect(verify).toContain(`ReadWritePaths=-${data}/.ngwbackup -/tmp -/var/tmp`);
    expect(backupTimer).toContain("OnCalendar=*-*-* 02:15:00");
    expect(backupTimer).toContain("Persistent=true");
    expect(backupTimer).toContain("RandomizedDelaySec=600");
    expect(status).toContain(`ExecStart=${program} status --notify`);
    expect(status?.some((line) => line.startsWith("OnFailure"))).toBe(false);
  });

  test("follows the configuration: times, names, user, what is never done", async () => {
    configure(
      "schedule.name = ngw-two",
      "schedule.user = gis",
      "schedule.backup = Mon..Fri 23:30",
      "schedule.verify = never",
      "schedule.drill = Never",
      "schedule.random_delay = 0",
      "metrics.path = /var/lib/metrics/ngw.prom",
    );
    const { stdout } = await schedule("--units", "--json");
    const { units: printed } = JSON.parse(stdout) as { units: Record<string, string> };
    expect(Object.keys(printed)).toEqual([
      "ngw-two-backup.service",
      "ngw-two-backup.timer",
      "ngw-two-status.service",
      "ngw-two-status.timer",
    ]);
    expect(printed["ngw-two-backup.timer"]).toContain("OnCalendar=Mon..Fri 23:30\n");
    expect(printed["ngw-two-backup.timer"]).toContain("RandomizedDelaySec=0\n");
    expect(printed["ngw-two-backup.service"]).toContain("User=gis\n");
    expect(printed["ngw-two-backup.service"]).toContain("CapabilityBoundingSet=\n");
    expect(printed["ngw-two-status.service"]).toContain("ReadWritePaths=-/var/lib/metrics ");
  });

  test("temporary files can be written: in backup.tmpdir, and in /tmp where that is shared", async () => {
    configure();
    const env = { PATH: join(folder, "bin"), NEXTGISWEB__CORE__BACKUP__TMPDIR: "/mnt/scratch" };
    const { stdout } = await runCli(["schedule", "--config", config, "--units", "--json"], { env });
    const { units: printed } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as {
      units: Record<string, string>;
    };
    // Parts of an archive for a store are kept there, too.
    for (const job of ["backup", "drill"])
      expect(printed[`ngwbackup-${job}.service`]).toMatch(/^ReadWritePaths=(?:.* )?-\/mnt\/scratch\b/m);
    // ProtectSystem=strict has it read-only unless it is private.
    for (const job of ["backup", "verify", "drill", "status"]) {
      expect(printed[`ngwbackup-${job}.service`]).toContain("PrivateTmp=no\n");
      expect(printed[`ngwbackup-${job}.service`]).toMatch(/^ReadWritePaths=.* -\/tmp -\/var\/tmp$/m);
    }
  });

  test("prunes by itself when rules say what goes, unless that is done after each backup", async () => {
    configure("keep.daily = 7");
    expect((await schedule("--units")).stdout).toContain("OnCalendar=*-*-* 03:45:00\n");
    configure("keep.daily = 7", "schedule.prune = 12:00");
    expect((await schedule("--units")).stdout).toContain("OnCalendar=12:00\n");
    configure("keep.daily = 7", "keep.after_backup = true");
    expect((await schedule("--units")).stdout).not.toContain("prune");
  });

  test("prints lines for cron where systemd does not run, or when asked", async () => {
    const { exitCode, stdout, stderr } = await schedule();
    expect(exitCode).toBe(0);
    expect(stderr).toContain("systemd does not run here: these are lines for a file in /etc/cron.d\n");
    expect(stdout).toMatch(
      /^# Backup of NextGIS Web\n15 2 \* \* \* \S+ NEXTGISWEB_CONFIG=.* backup --nice --quiet >\/dev\/null 2>&1\n/,
    );
    standInSystemctl();
    configure("schedule.backup = Sun *-*-1..7 02:00");
    expect((await schedule("--crontab")).stdout).toMatch(
      /^# Backup of NextGIS Web: cron has no words for "Sun .*\n# \? /,
    );
  });

  test("warns of what is set in the environment alone", async () => {
    const { stderr } = await runCli(["schedule", "--units", "--config", config], {
      env: { NEXTGISWEB__NGWBACKUP__JOBS: "2", PGPORT: "5433" },
    });
    expect(stderr).toContain("warning: what is set in the environment does not hold when a timer runs");
    expect(stderr).toContain("  ngwbackup.jobs (environment NEXTGISWEB__NGWBACKUP__JOBS)\n");
    expect(stderr).toContain("  core.database.port (libpq PGPORT)\n");
  });

  const hasAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
  test.skipIf(!hasAnalyze)("makes units that systemd-analyze verifies, and calls safe", async () => {
    configure("schedule.prune = daily", "schedule.user = daemon");
    const { stdout } = await schedule("--units", "--json");
    const { units: printed } = JSON.parse(stdout) as { units: Record<string, string> };
    const paths = Object.entries(printed).map(([name, text]) => {
      writeFileSync(join(units, name), text);
      return join(units, name);
    });
    expect(paths).toHaveLength(10);
    const verified = spawnSync("systemd-analyze", ["verify", "--man=no", ...paths], { encoding: "utf8" });
    expect({ status: verified.status, stderr: verified.stderr }).toEqual({ status: 0, stderr: "" });
    for (const path of paths.filter((unit) => unit.endsWith(".service"))) {
      // 10 is open to everything; 3.5 leaves the network, our user and the folders of others that may be read.
      const { status, stdout: report } = spawnSync(
        "systemd-analyze",
        ["security", "--offline=true", "--threshold=35", "--no-pager", path],
        { encoding: "utf8" },
      );
      expect(status, report).toBe(0);
    }
  });
});

describe("schedule --install", () => {
  test("writes the units, starts the timers, and makes the state folder", async () => {
    standInSystemctl();
    const { exitCode, stdout } = await install();
    expect(exitCode).toBe(0);
    expect(stdout.split("\n")).toContain(join(units, "ngwbackup-backup.timer"));
    expect(readdirSync(units)).toHaveLength(8);
    expect(statSync(join(units, "ngwbackup-backup.service")).mode & 0o777).toBe(0o644);
    const timers = ["backup", "verify", "drill", "status"].map((name) => `ngwbackup-${name}.timer`).join(" ");
    expect(calls()).toEqual([
      "show --property=Version",
      "daemon-reload",
      `enable --now ${timers}`,
      `restart ${timers}`,
    ]);
    expect(statSync(join(folder, "data", ".ngwbackup")).mode & 0o777).toBe(0o700);
  });

  test("again takes away what is not wanted any more; --uninstall the rest, and nothing of others", async () => {
    standInSystemctl();
    await install();
    writeFileSync(join(units, "ngwbackup-own.service"), "[Service]\n");
    configure("schedule.verify = never");
    calls();
    expect((await install()).exitCode).toBe(0);
    expect(calls().slice(0, 3)).toEqual([
      "show --property=Version",
      "disable --now ngwbackup-verify.timer",
      "daemon-reload",
    ]);
    expect(readdirSync(units)).not.toContain("ngwbackup-verify.service");
    const { exitCode, stdout } = await schedule("--unit-dir", units, "--uninstall");
    expect(exitCode).toBe(0);
    expect(stdout.trimEnd().split("\n")).toHaveLength(6);
    expect(readdirSync(units)).toEqual(["ngwbackup-own.service"]);
    expect(calls()).toEqual([
      "show --property=Version",
      "disable --now ngwbackup-backup.timer ngwbackup-drill.timer ngwbackup-status.timer",
      "daemon-reload",
    ]);
    const none = await schedule("--unit-dir", units, "--uninstall");
    expect(none).toMatchObject({ exitCode: 0, stdout: "", stderr: `no units of ours are in ${units}\n` });
  });

  test("is refused where a unit of somebody else has the name, without systemd, or where the folder cannot be written", async () => {
    const without = await install();
    expect(without.exitCode).toBe(4);
    expect(without.stderr).toContain("hint: ngwbackup schedule --crontab > /etc/cron.d/ngwbackup\n");
    standInSystemctl();
    writeFileSync(join(units, "ngwbackup-drill.timer"), "[Timer]\n");
    const foreign = await install();
    expect(foreign.exitCode).toBe(4);
    expect(foreign.stderr).toContain(`error: ${join(units, "ngwbackup-drill.timer")} is there already, and not ours\n`);
    expect(readdirSync(units)).toEqual(["ngwbackup-drill.timer"]);
    const nowhere = await schedule("--unit-dir", join(folder, "missing"), "--install");
    expect(nowhere.exitCode).toBe(4);
    expect(nowhere.stderr).toContain("hint: run it as root");
  });

  test("says what systemctl says when that fails", async () => {
    standInSystemctl('case "$1" in enable) echo "no such unit" >&2; exit 5;; esac');
    const { exitCode, stderr } = await install();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: systemctl enable .* failed with exit status 5\n {2}no such unit\n/m);
  });

  const hasAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
  test.skipIf(!hasAnalyze)("refuses a time that systemd does not know, before anything is written", async () => {
    standInSystemctl();
    configure("schedule.backup = at 25:99");
    const result = await runCli(["schedule", "--config", config, "--unit-dir", units, "--install"], {
      env: { PATH: `${join(folder, "bin")}:/usr/bin:/bin` },
    });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain("error: schedule.backup: systemd knows no such time: at 25:99\n");
    expect(readdirSync(units)).toEqual([]);
  });

  test("asks for a configuration that a timer can be given", async () => {
    standInSystemctl();
    const { exitCode, stderr } = await runCli(["schedule", "--install", "--unit-dir", units], {
      cwd: units,
      env: { PATH: join(folder, "bin"), NEXTGISWEB__CORE__SDIR: join(folder, "data") },
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain("hint: ngwbackup schedule --install --config /opt/ngw/config/config.ini\n");
    expect(readdirSync(units)).toEqual([]);
  });

  test("takes one thing at a time, and no name that would be a path", async () => {
    expect((await schedule("--install", "--crontab")).exitCode).toBe(2);
    configure("schedule.name = ../x");
    expect((await schedule()).exitCode).toBe(2);
  });
});
