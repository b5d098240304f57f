import { chmod, chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RefusedError } from "../errors.ts";
import { copyData, initialiseData } from "./data-folder.ts";
import { clearLeftovers, folderPrefix } from "./leftovers.ts";
import { ownPid } from "./processes.ts";
import { RunningServer } from "./running-server.ts";
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
  /** Makes a streaming replica of another private cluster, which answers read-only queries, instead of an empty one. */
  standbyOf?: Pick<Cluster, "host" | "port" | "superuser">;
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
  /** Ends the server, in order or as a crash would; its data stay for {@link Cluster.resume}. */
  halt(how: "fast" | "immediate"): Promise<void>;
  /**
   * Starts a server that was halted, on the same port and data; recovery from a crash included.
   * @throws AppError when it fails, with the end of its log
   */
  resume(): Promise<void>;
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
  const superuser = options.standbyOf?.superuser ?? "postgres";
  const port = await freePort();
  const given = { dataFolder, socketFolder: folder, port, superuser, server, user, options };
  if (options.standbyOf === undefined) await initialiseData(given);
  else await copyData(given, options.standbyOf);
  const logPath = join(folder, "server.log");
  const running = new RunningServer(folder, logPath, server, user, options);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= running.remove());
  const onAbort = (): void => void stop();
  options.signal.addEventListener("abort", onAbort, { once: true });
  try {
    await running.start();
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
    halt: (how) => running.end(how),
    resume: () => running.start(),
    stop() {
      options.signal.removeEventListener("abort", onAbort);
      return stop();
    },
  };
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
