import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { openHistory } from "../../src/history/history.ts";
import { type RunKind, stateOf } from "../../src/history/run.ts";
import { endRun, startRun } from "../../src/history/write-run.ts";
import { parseExposition } from "../fixtures/exposition.ts";
import { type CliResult, runCli } from "../fixtures/run-cli.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const dayMs = 24 * 60 * 60 * 1000;
const hourMs = 60 * 60 * 1000;
const now = new Date("2026-07-21T12:00:00Z");

let folder: string;
let config: string;

beforeEach(async () => {
  folder = await tempFolder();
  mkdirSync(join(folder, "data"));
  mkdirSync(join(folder, "backup"));
  config = join(folder, "config.ini");
  writeFileSync(config, `[core]\nsdir = ${join(folder, "data")}\nbackup.path = ${join(folder, "backup")}\n`);
});

interface Past {
  kind: RunKind;
  agoMs: number;
  exitCode?: number;
  subject?: string;
  sizeBytes?: number;
  losses?: number;
  freeBytes?: number;
  message?: string;
}

/** Puts runs into the history, as runs do. */
async function remember(...runs: Past[]): Promise<void> {
  const history = await openHistory({ path: join(folder, "data", ".ngwbackup"), isNamed: false }, false);
  if (history === undefined) throw new Error("no history");
  for (const { kind, agoMs, exitCode = 0, subject = null, ...rest } of runs) {
    const startedAt = now.getTime() - agoMs;
    const owner = { pid: 1, bootId: "", startTicks: "" };
    const begun = { kind, startedAt, subject, version: "0.1.0", host: hostname(), owner, startedBy: null };
    const id = startRun(history, begun, 0);
    endRun(
      history,
      id,
      {
        state: stateOf(exitCode),
        endedAt: startedAt + 60_000,
        exitCode,
        subject,
        sizeBytes: rest.sizeBytes ?? null,
        losses: rest.losses ?? 0,
        error: rest.message === undefined ? null : { code: "x", message: rest.message, hint: null },
        summary: kind === "drill" ? { recoveryMs: 22_000 } : null,
        freeBytes: rest.freeBytes ?? null,
      },
      { stages: [{ name: 'ro"ws', startedAt, durationMs: 1500, bytes: 7 }], lines: [] },
    );
  }
  history.database.close();
}

function archive(name: string): string {
  const path = join(folder, "backup", name);
  writeFileSync(path, "archive");
  return path;
}

async function status(...args: string[]): Promise<CliResult> {
  return await runCli(["status", "--config", config, ...args], { now, env: { PATH: join(folder, "bin") } });
}

/** A systemctl that prints this, or fails when it is left out. */
function standInSystemctl(printed?: string): void {
  mkdirSync(join(folder, "bin"));
  const path = join(folder, "bin", "systemctl");
  writeFileSync(join(folder, "printed"), printed ?? "");
  writeFileSync(path, `#!/bin/sh\n${printed === undefined ? "exit 1" : `exec /bin/cat ${join(folder, "printed")}`}\n`);
  chmodSync(path, 0o755);
}

describe("status", () => {
  test("is well with a fresh backup and a verify", async () => {
    const path = archive("a.ngwbackup");
    await remember(
      { kind: "backup", agoMs: 2 * hourMs, subject: path, sizeBytes: 2 * 1024 ** 2 },
      { kind: "verify", agoMs: hourMs, subject: path },
      { kind: "drill", agoMs: hourMs, subject: path },
    );
    const { exitCode, stdout, stderr } = await status();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toContain(`ok    last backup 2 h 00 min ago: ${path}, 2.0 MiB\n`);
    expect(stdout).toContain(`ok    last verify 1 h 00 min ago: ${path}\n`);
    expect(stdout).toContain(`ok    last drill 1 h 00 min ago: ${path}, recovery in 22 s\n`);
    expect(stdout).toContain("too little was seen to tell when it is full");
    expect(stdout).toContain("ok    next runs: not known, there is no systemd to ask\n");
  });

  test("is due without any backup, and when it is older than max_age", async () => {
    const none = await status();
    expect(none.exitCode).toBe(1);
    expect(none.stdout).toContain("fail  there is no backup yet\n      hint: ngwbackup backup\n");
    const path = archive("a.ngwbackup");
    await remember({ kind: "backup", agoMs: 27 * hourMs, subject: path });
    const old = await status();
    expect(old.exitCode).toBe(1);
    expect(old.stdout).toContain(`fail  last backup 1 d 3 h ago: ${path}, which is more than 1 d 2 h\n`);
    writeFileSync(config, `${readFileSync(config, "utf8")}[ngwbackup]\nmax_age = 2d\n`);
    expect((await status()).exitCode).toBe(0);
  });

  test("is due when the last run failed, though an older backup is fresh", async () => {
    const path = archive("a.ngwbackup");
    await remember(
      { kind: "backup", agoMs: 5 * hourMs, subject: path },
      { kind: "backup", agoMs: hourMs, exitCode: 1, message: "the disk is full" },
      { kind: "verify", agoMs: hourMs, exitCode: 5 },
    );
    const { exitCode, stdout } = await status();
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`ok    last backup 5 h 00 min ago`);
    expect(stdout).toContain("fail  the last backup, 1 h 00 min ago, ended as failed: the disk is full\n");
    expect(stdout).toContain("      hint: ngwbackup history 2\n");
    expect(stdout).toContain("fail  the last verify, 1 h 00 min ago, ended as damaged\n");
  });

  test("is due when the archive is gone; losses are warned of", async () => {
    const path = archive("a.ngwbackup");
    await remember({ kind: "backup", agoMs: hourMs, subject: path, exitCode: 3, losses: 2 });
    const lossy = await status();
    expect(lossy.exitCode).toBe(0);
    expect(lossy.stdout).toMatch(/^warn {2}last backup .*, with 2 losses\n {6}hint: ngwbackup inspect /);
    rmSync(path);
    const gone = await status();
    expect(gone.exitCode).toBe(1);
    expect(gone.stdout).toContain("but it is not there any more");
    // One in a store is not looked for.
    await remember({ kind: "backup", agoMs: hourMs, subject: "s3://bucket/a.ngwbackup" });
    expect((await status()).exitCode).toBe(0);
  });

  test("tells the day when the room runs out, and that it is short already", async () => {
    const path = archive("a.ngwbackup");
    const { bavail, bsize } = (await import("node:fs")).statfsSync(folder);
    const free = bavail * bsize;
    const perDay = free / 100;
    await remember(
      ...[20, 15, 10, 5, 1].map((days) => ({
        kind: "backup" as const,
        agoMs: days * dayMs,
        subject: path,
        freeBytes: Math.round(free + days * perDay),
        sizeBytes: 1000,
      })),
    );
    const { stdout } = await status("--json");
    const summary = JSON.parse(stdout) as { room: { growthBytesPerDay: number; fullAt: string } };
    expect(summary.room.growthBytesPerDay / perDay).toBeCloseTo(1, 1);
    const days = (Date.parse(summary.room.fullAt) - now.getTime()) / dayMs;
    expect(days).toBeGreaterThan(80);
    expect(days).toBeLessThan(120);
    await remember({ kind: "backup", agoMs: hourMs, subject: path, sizeBytes: free * 2 });
    const short = await status();
    expect(short.exitCode).toBe(1);
    expect(short.stdout).toContain("less than the last archive took");
  });

  test("shows when systemd's timers run next, and misses them", async () => {
    await remember({ kind: "backup", agoMs: hourMs, subject: archive("a.ngwbackup") });
    standInSystemctl(
      JSON.stringify([{ next: now.getTime() * 1000 + 3_600_000_000, unit: "ngwbackup-backup.timer", activates: "x" }]),
    );
    expect((await status()).stdout).toContain("ok    next runs: backup 2026-07-21 13:00:00 UTC\n");
    rmSync(join(folder, "bin"), { recursive: true });
    standInSystemctl("[]");
    expect((await status()).stdout).toContain("warn  no timer is set\n      hint: ngwbackup schedule --install\n");
    rmSync(join(folder, "bin"), { recursive: true });
    standInSystemctl();
    expect((await status()).stdout).toContain("not known");
  });

  test("with --json has it all, moments as RFC 3339", async () => {
    const path = archive("a.ngwbackup");
    await remember({ kind: "backup", agoMs: hourMs, subject: path, sizeBytes: 5 });
    const { stdout, exitCode } = await status("--json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      type: "summary",
      command: "status",
      due: false,
      lastBackup: { at: "2026-07-21T11:00:00.000Z", ageMs: hourMs, path, sizeBytes: 5, losses: 0, isGone: false },
      runs: { backup: { isRunning: false, last: { id: 1, state: "done", durationMs: 60_000 } } },
      nextRuns: null,
    });
  });
});

describe("status --prometheus", () => {
  test("writes gauges that a scrape takes, whole, for others to read", async () => {
    const path = archive("a.ngwbackup");
    await remember(
      { kind: "backup", agoMs: hourMs, subject: path, sizeBytes: 5, exitCode: 3, losses: 2 },
      { kind: "verify", agoMs: hourMs, exitCode: 5 },
    );
    standInSystemctl(JSON.stringify([{ next: now.getTime() * 1000, unit: "ngwbackup-backup.timer" }]));
    const file = join(folder, "ngwbackup.prom");
    writeFileSync(file, "old");
    expect((await status("--prometheus", file)).exitCode).toBe(1);
    expect(readdirSync(folder).filter((name) => name.includes("prom"))).toEqual(["ngwbackup.prom"]);
    expect(statSync(file).mode & 0o777).toBe(0o644);
    const samples = parseExposition(readFileSync(file, "utf8"));
    const value = (name: string, labels: Record<string, string> = {}): number | undefined =>
      samples.find((sample) => sample.name === `ngwbackup_${name}` && sameLabels(sample.labels, labels))?.value;
    expect(value("due")).toBe(1);
    expect(value("max_age_seconds")).toBe(26 * 3600);
    expect(value("last_backup_timestamp_seconds")).toBe((now.getTime() - hourMs) / 1000);
    expect(value("last_backup_size_bytes")).toBe(5);
    expect(value("last_backup_losses")).toBe(2);
    expect(value("last_run_success", { kind: "backup" })).toBe(1);
    expect(value("last_run_success", { kind: "verify" })).toBe(0);
    expect(value("last_run_exit_code", { kind: "verify" })).toBe(5);
    expect(value("last_run_duration_seconds", { kind: "backup" })).toBe(60);
    expect(value("stage_duration_seconds", { kind: "backup", stage: 'ro"ws' })).toBe(1.5);
    expect(value("next_run_timestamp_seconds", { kind: "backup" })).toBe(now.getTime() / 1000);
    expect(value("last_success_timestamp_seconds", { kind: "verify" })).toBeUndefined();
    expect(value("room_free_bytes")).toBeGreaterThan(0);
  });

  test("writes metrics.path whenever it runs, and says where it cannot", async () => {
    const file = join(folder, "own.prom");
    writeFileSync(config, `${readFileSync(config, "utf8")}[ngwbackup]\nmetrics.path = ${file}\n`);
    await status();
    expect(parseExposition(readFileSync(file, "utf8"))).toContainEqual({ name: "ngwbackup_due", labels: {}, value: 1 });
    const failed = await status("--prometheus", join(folder, "missing", "a.prom"));
    expect(failed).toMatchObject({ exitCode: 1, stdout: "" });
    expect(failed.stderr).toMatch(/^error: the metrics cannot be written to .*ENOENT/);
  });

  test("has every metric that the documentation names, and no other; its alert rules use them alone", async () => {
    const path = archive("a.ngwbackup");
    const free = 1024 ** 4;
    await remember(
      ...[9, 5, 1].map((days) => ({
        kind: "backup" as const,
        agoMs: days * dayMs,
        subject: path,
        sizeBytes: 5,
        freeBytes: free * days,
      })),
    );
    await remember({ kind: "drill", agoMs: hourMs });
    standInSystemctl(JSON.stringify([{ next: now.getTime() * 1000, unit: "ngwbackup-backup.timer" }]));
    const file = join(folder, "ngwbackup.prom");
    await status("--prometheus", file);
    const written = new Set(parseExposition(readFileSync(file, "utf8")).map(({ name }) => name));
    const page = readFileSync(join(import.meta.dirname, "../../docs/monitoring.md"), "utf8");
    const documented = new Set([...page.matchAll(/^\| `(ngwbackup_\w+)/gm)].map(([, name]) => name));
    expect(documented).toEqual(written);
    const used = [...alertRules(page).matchAll(/ngwbackup_\w+/g)].map(([name]) => name);
    expect(used.length).toBeGreaterThan(5);
    for (const name of used) expect(written).toContain(name);
  });

  const promtool = spawnSync("promtool", ["--version"]).status === 0;
  test.skipIf(!promtool)("is accepted by promtool, and so are the alert rules of the documentation", async () => {
    const file = join(folder, "ngwbackup.prom");
    await remember({ kind: "backup", agoMs: hourMs, subject: archive("a.ngwbackup"), sizeBytes: 5 });
    await status("--prometheus", file);
    const metrics = spawnSync("promtool", ["check", "metrics"], { input: readFileSync(file), encoding: "utf8" });
    expect(metrics).toMatchObject({ status: 0, stderr: "", stdout: "" });
    const rules = join(folder, "rules.yml");
    writeFileSync(rules, alertRules(readFileSync(join(import.meta.dirname, "../../docs/monitoring.md"), "utf8")));
    const checked = spawnSync("promtool", ["check", "rules", rules], { encoding: "utf8" });
    expect(checked).toMatchObject({ status: 0 });
    expect(checked.stdout).toMatch(/SUCCESS: \d+ rules found/);
  });
});

function sameLabels(found: Readonly<Record<string, string>>, wanted: Record<string, string>): boolean {
  return JSON.stringify(Object.entries(found)) === JSON.stringify(Object.entries(wanted));
}

function alertRules(page: string): string {
  const [, rules] = /```yaml\n(groups:[^]*?)```/.exec(page) ?? [];
  if (rules === undefined) throw new Error("docs/monitoring.md has no alert rules");
  return rules;
}
