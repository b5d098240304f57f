import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Cluster, startCluster } from "../../src/cluster/cluster.ts";
import { isAlive } from "../../src/cluster/processes.ts";
import { repositoryFolder } from "../fixtures/clone.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ngwb-cluster-"));
  // The server's own user passes through.
  spawnSync("chmod", ["755", folder]);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const signal = new AbortController().signal;
const settings = { fsync: "off" };

async function ask(cluster: Cluster, sql: string, options: { host?: string; password?: string } = {}): Promise<string> {
  const { port, superuser: user, host } = cluster;
  const client = new Client({ host, port, user, database: "postgres", ...options });
  await client.connect();
  try {
    const { rows } = await client.query<{ answer: string }>(`SELECT (${sql})::text AS answer`);
    return rows[0]?.answer ?? "";
  } finally {
    await client.end();
  }
}

/** Process id of the server in a cluster's folder. */
function serverPid(clusterFolder: string): number {
  return Number.parseInt(readFileSync(join(clusterFolder, "data", "postmaster.pid"), "utf8"), 10);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

test("a cluster listens on its socket alone, keeps the server's defaults, and leaves nothing behind", async () => {
  const cluster = await startCluster({ folder, env: process.env, signal, settings });
  const pid = serverPid(cluster.host);
  try {
    expect(await ask(cluster, "current_setting('listen_addresses')")).toBe("");
    expect(await ask(cluster, "current_setting('max_locks_per_transaction')")).toBe("64");
    expect(await ask(cluster, "current_setting('fsync')")).toBe("off");
    expect(await ask(cluster, "current_setting('server_encoding')")).toBe("UTF8");
    expect(statSync(cluster.host).mode & 0o777).toBe(0o700);
    expect(statSync(join(cluster.host, "data")).uid === 0).toBe(false);
  } finally {
    await Promise.all([cluster.stop(), cluster.stop()]);
  }
  expect(isAlive(pid)).toBe(false);
  expect(readdirSync(folder)).toEqual([]);
});

test("over TCP a password is asked for", async () => {
  const cluster = await startCluster({ folder, env: process.env, signal, settings, tcp: true });
  try {
    const host = "127.0.0.1";
    await ask(cluster, "SELECT 1");
    const client = new Client({
      host: cluster.host,
      port: cluster.port,
      user: cluster.superuser,
      database: "postgres",
    });
    await client.connect();
    await client.query("ALTER ROLE postgres PASSWORD 'right'");
    await client.end();
    expect(await ask(cluster, "SELECT 1", { host, password: "right" })).toBe("1");
    await expect(ask(cluster, "SELECT 1", { host, password: "wrong" })).rejects.toMatchObject({ code: "28P01" });
  } finally {
    await cluster.stop();
  }
});

test("an aborted signal stops the server and removes the folder", async () => {
  const abort = new AbortController();
  const cluster = await startCluster({ folder, env: process.env, signal: abort.signal, settings });
  const pid = serverPid(cluster.host);
  abort.abort(new Error("enough"));
  await until(() => !isAlive(pid) && readdirSync(folder).length === 0);
});

test("a setting that the server refuses ends the start with its log", async () => {
  const started = startCluster({ folder, env: process.env, signal, settings: { shared_buffers: "nonsense" } });
  await expect(started).rejects.toMatchObject({
    code: "cluster-start",
    details: expect.arrayContaining([expect.stringContaining("shared_buffers")]),
  });
  expect(readdirSync(folder)).toEqual([]);
});

test.for(["fast", "immediate"] as const)("halted %s, it keeps what it has, and starts again", async (how) => {
  const cluster = await startCluster({ folder, env: process.env, signal, settings });
  try {
    const pid = serverPid(cluster.host);
    const client = new Client({
      host: cluster.host,
      port: cluster.port,
      user: cluster.superuser,
      database: "postgres",
    });
    client.on("error", () => {});
    await client.connect();
    await client.query("create table kept as select 42 as answer");
    await cluster.halt(how);
    expect(isAlive(pid)).toBe(false);
    await expect(ask(cluster, "1")).rejects.toThrow(/ENOENT|ECONNREFUSED/);
    await cluster.resume();
    expect(await ask(cluster, "select answer from kept")).toBe("42");
    expect(serverPid(cluster.host)).not.toBe(pid);
    await client.end();
  } finally {
    await cluster.stop();
  }
  expect(readdirSync(folder)).toEqual([]);
});

test("a standby follows its primary, and answers read-only queries", async () => {
  const primary = await startCluster({ folder, env: process.env, signal, settings });
  try {
    const standby = await startCluster({ folder, env: process.env, signal, settings, standbyOf: primary });
    try {
      expect(await ask(standby, "pg_is_in_recovery()")).toBe("true");
      await ask(primary, "pg_logical_emit_message(false, 'test', 'x')");
      const at = await ask(primary, "pg_current_wal_insert_lsn()");
      await expect.poll(() => ask(standby, `pg_last_wal_replay_lsn() >= '${at}'`), { timeout: 60_000 }).toBe("true");
    } finally {
      await standby.stop();
    }
  } finally {
    await primary.stop();
  }
  expect(readdirSync(folder)).toEqual([]);
}, 120_000);

test.for(["SIGTERM", "SIGKILL"] as const)("a program ended by %s leaves no server and no folder", async (name) => {
  const { child, clusterFolder } = await startElsewhere();
  const pid = serverPid(clusterFolder);
  child.kill(name);
  await until(() => !isAlive(pid) && !existsSync(clusterFolder));
});

test("what a program left whose guard died as well is cleared by the next start, and nothing else", async () => {
  const { child, clusterFolder } = await startElsewhere();
  const pid = serverPid(clusterFolder);
  const guards = readdirSync("/proc").filter((name) => commandLine(name).includes(`guard.ts ${pid} `));
  expect(guards).toHaveLength(1);
  process.kill(Number(guards[0]), "SIGKILL");
  child.kill("SIGKILL");
  await until(() => child.exitCode !== null || child.signalCode !== null);
  expect(isAlive(pid)).toBe(true);
  const living = join(folder, `ngwbackup-pg-${process.pid}-others`);
  const unrelated = join(folder, "ngwbackup-pg-notes");
  for (const path of [living, unrelated]) mkdirSync(path);
  const cluster = await startCluster({ folder, env: process.env, signal, settings });
  await cluster.stop();
  expect(isAlive(pid)).toBe(false);
  expect(existsSync(clusterFolder)).toBe(false);
  expect([living, unrelated].map(existsSync)).toEqual([true, true]);
});

test.runIf(userInfo().uid === 0)("as root the server runs as another user, the one that is named", async () => {
  const cluster = await startCluster({ folder, env: process.env, signal, settings, uidUser: "nobody" });
  try {
    const owner = spawnSync("stat", ["-c", "%U", `/proc/${serverPid(cluster.host)}`], { encoding: "utf8" });
    expect(owner.stdout).toBe("nobody\n");
  } finally {
    await cluster.stop();
  }
});

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/** Starts a cluster in a program of its own, which then waits. */
function startElsewhere(): Promise<{ child: ReturnType<typeof spawn>; clusterFolder: string }> {
  const script = `
    import { startCluster } from ${JSON.stringify(join(repositoryFolder, "src/cluster/cluster.ts"))};
    const signal = new AbortController().signal;
    const cluster = await startCluster({ folder: ${JSON.stringify(folder)}, env: process.env, signal, settings: { fsync: "off" } });
    process.stdout.write(cluster.host + "\\n");
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.on("exit", (code) => reject(new Error(`ended with ${code}`)));
    child.stdout.once("data", (chunk: Buffer) => resolve({ child, clusterFolder: chunk.toString().trim() }));
  });
}
