import { type ChildProcess, fork, spawn } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError, RefusedError, messageOf } from "../errors.ts";
import { initialiseData } from "./data-folder.ts";
import { clearLeftovers, folderPrefix } from "./leftovers.ts";
import { ownPid } from "./processes.ts";
import { type ServerBinaries, findServerBinaries } from "./server-binaries.ts";
import { type ServerUser, findServerUser } from "./server-user.ts";

/** What a private cluster is made with. */
export interface ClusterOptions {
  /** An existing folder to make the cluster's own folder in; the folder of temporary files otherwise. */
  folder?: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Stops the server and removes the folder when it is aborted. */
  signal: AbortSignal;
  /** Server settings on top of the server's defaults, for example `{ fsync: "off" }`. */
  settings?: Readonly<Record<string, string>>;
  /** Also listens on 127.0.0.1, where scram-sha-256 asks for a password. */
  tcp?: boolean;
  /** User to run as when we are root, `postgres` or else `nobody` when it is left out. */
  uidUser?: string;
  /** The server to take; the one of {@link findServerBinaries} otherwise. */
  server?: ServerBinaries;
}

/** A running private cluster. */
export interface Cluster {
  /** Folder of its Unix socket, reachable by the owner (and root) only; every user is trusted there. */
  host: string;
  port: number;
  /** Name of the superuser. */
  superuser: string;
  binDir: string;
  server: ServerBinaries;
  /** What the server printed. */
  logPath: string;
  /** Fast shutdown; the folder is removed. May be called more than once. */
  stop(): Promise<void>;
}

/** The longest path of a Unix socket is 107 bytes; `/.s.PGSQL.65535` comes after the folder. */
const socketFolderMaxBytes = 107 - "/.s.PGSQL.65535".length;

/**
 * Makes and starts a private, throw-away PostgreSQL: initdb in a fresh folder of mode 0700, a free port, a Unix socket
 * in that folder. Whoever starts it stops it; when the program ends in any other way, a guard process does.
 * @throws RefusedError when no server is installed
 * @throws AppError when initdb or the server fails, with the end of its log
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { env, signal } = options;
  const server = options.server ?? (await findServerBinaries(env));
  if (server === undefined) {
    throw new RefusedError("no-server", "no PostgreSQL server is installed", {
      hints: ["install one: apt-get install postgresql postgresql-postgis"],
    });
  }
  const user = await findServerUser(options.uidUser);
  const parentFolder = options.folder ?? tmpdir();
  await clearLeftovers(parentFolder, user?.uid);
  signal.throwIfAborted();
  const folder = await mkdtemp(join(parentFolder, `${folderPrefix}${ownPid}-`));
  try {
    if (Buffer.byteLength(folder) > socketFolderMaxBytes) {
      throw new RefusedError("socket-path", `the folder ${folder} is too long a name for a Unix socket`, {
        hints: ["name a shorter folder: export TMPDIR=/tmp"],
      });
    }
    return await start(folder, server, user, options);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function start(
  folder: string,
  server: ServerBinaries,
  user: ServerUser | undefined,
  options: ClusterOptions,
): Promise<Cluster> {
  const dataFolder = join(folder, "data");
  await mkdir(dataFolder, { mode: 0o700 });
  await chmod(folder, 0o700);
  if (user !== undefined) for (const path of [dataFolder, folder]) await chown(path, user.uid, user.gid);
  const superuser = "postgres";
  const port = await freePort();
  await initialiseData({ dataFolder, socketFolder: folder, port, superuser, server, user, options });
  const logPath = join(folder, "server.log");
  const child = await spawnServer(server, dataFolder, logPath, user, options.env);
  const guard = startGuard(child, folder);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= stopServer(child, guard, folder));
  const onAbort = (): void => void stop();
  options.signal.addEventListener("abort", onAbort, { once: true });
  try {
    await waitUntilReady(child, dataFolder, logPath, options.signal);
  } catch (error) {
    options.signal.removeEventListener("abort", onAbort);
    await stop();
    throw error;
  }
  return {
    host: folder,
    port,
    superuser,
    binDir: server.binDir,
    server,
    logPath,
    stop() {
      options.signal.removeEventListener("abort", onAbort);
      return stop();
    },
  };
}

async function spawnServer(
  server: ServerBinaries,
  dataFolder: string,
  logPath: string,
  user: ServerUser | undefined,
  env: ClusterOptions["env"],
): Promise<ChildProcess> {
  const log = await open(logPath, "a", 0o600);
  try {
    const child = spawn(join(server.binDir, "postgres"), ["-D", dataFolder], {
      cwd: dataFolder,
      env: serverEnvironment(env),
      // A group of its own, so that a Ctrl-C at the terminal does not stop the server under its users.
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    });
    // Without a listener a failed start would end the program; `exitCode` and the log tell the rest.
    child.on("error", () => {});
    child.unref();
    return child;
  } finally {
    await log.close();
  }
}

/** Nothing of libpq's or the server's own variables reaches a private server. */
export function serverEnvironment(env: ClusterOptions["env"]): Record<string, string | undefined> {
  return { PATH: env["PATH"], LD_LIBRARY_PATH: env["LD_LIBRARY_PATH"], TZ: env["TZ"], LC_ALL: "C" };
}

function startGuard(child: ChildProcess, folder: string): ChildProcess | undefined {
  if (child.pid === undefined) return undefined;
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const path = fileURLToPath(new URL(`./guard.${extension}`, import.meta.url));
  const guard = fork(path, [String(child.pid), folder], { detached: true, execArgv: [], stdio: "ignore" });
  guard.on("error", () => {});
  guard.unref();
  guard.channel?.unref();
  return guard;
}

async function waitUntilReady(
  child: ChildProcess,
  dataFolder: string,
  logPath: string,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    signal.throwIfAborted();
    // Line 8 of postmaster.pid is the state, which pg_ctl waits for as well.
    const pidFile = await readFile(join(dataFolder, "postmaster.pid"), "utf8").catch(() => "");
    if (pidFile.split("\n")[7]?.trim() === "ready") return;
    const ended = child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
    if (ended || performance.now() > deadline) {
      const log = await readFile(logPath, "utf8").catch((error: unknown) => messageOf(error));
      throw new AppError("cluster-start", `the private PostgreSQL ${ended ? "ended at its start" : "does not start"}`, {
        details: log.trimEnd().split("\n").slice(-8),
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function stopServer(child: ChildProcess, guard: ChildProcess | undefined, folder: string): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    child.ref();
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGINT");
    const impatient = setTimeout(() => child.kill("SIGQUIT"), 10_000);
    await ended;
    clearTimeout(impatient);
  }
  await rm(folder, { recursive: true, force: true });
  guard?.kill("SIGKILL");
}

/** A TCP port of 127.0.0.1 that nobody listens on. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
