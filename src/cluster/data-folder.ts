import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors.ts";
import { type ProgramResult, runProgram } from "./run-program.ts";
import type { ServerBinaries } from "./server-binaries.ts";
import type { ServerUser } from "./server-user.ts";

/** What a cluster's data folder is made with. */
export interface DataFolderOptions {
  /** Exists, is empty and belongs to the server's user. */
  dataFolder: string;
  socketFolder: string;
  port: number;
  superuser: string;
  server: ServerBinaries;
  user: ServerUser | undefined;
  options: {
    env: Readonly<Record<string, string | undefined>>;
    signal: AbortSignal;
    settings?: Readonly<Record<string, string>>;
    tcp?: boolean;
  };
}

/**
 * Runs initdb (UTF-8, `C.UTF-8` or else `C`) and writes settings and access rules: trust on the socket, whose folder
 * only its owner can reach, and scram-sha-256 elsewhere.
 * @throws AppError with what initdb printed
 */
export async function initialiseData(given: DataFolderOptions): Promise<void> {
  const { dataFolder, options } = given;
  let result = await initdb(given, "C.UTF-8");
  // Systems without this locale say so before anything is written.
  if (result.exitCode !== 0 && /invalid locale/.test(result.stderr)) result = await initdb(given, "C");
  options.signal.throwIfAborted();
  if (result.exitCode !== 0) {
    throw new AppError("initdb", `initdb of PostgreSQL ${given.server.version} failed in ${dataFolder}`, {
      details: (result.startError?.message ?? result.stderr.trimEnd()).split("\n").slice(-8),
      hints: [
        "look that the folder of temporary files has room and can be reached by every user: ls -ld /tmp; df /tmp",
      ],
    });
  }
  await addSettings(given);
  await writeFile(
    join(dataFolder, "pg_hba.conf"),
    "local all all trust\nlocal replication all trust\nhost all all 127.0.0.1/32 scram-sha-256\n",
  );
}

/**
 * Copies the data of another private cluster by pg_basebackup, to follow it as a streaming replica.
 * @throws AppError with what pg_basebackup printed
 */
export async function copyData(
  given: DataFolderOptions,
  primary: { host: string; port: number; superuser: string },
): Promise<void> {
  const { dataFolder, server, user, options } = given;
  const from = ["-h", primary.host, "-p", String(primary.port), "-U", primary.superuser];
  const args = ["-D", dataFolder, ...from, "--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--no-password"];
  const { PATH, LD_LIBRARY_PATH, TZ } = options.env;
  const result = await runProgram(join(server.binDir, "pg_basebackup"), args, {
    env: { PATH, LD_LIBRARY_PATH, TZ, LC_ALL: "C" },
    cwd: "/",
    signal: options.signal,
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  options.signal.throwIfAborted();
  if (result.exitCode !== 0) {
    throw new AppError("base-backup", `pg_basebackup of PostgreSQL ${server.version} failed in ${dataFolder}`, {
      details: (result.startError?.message ?? result.stderr.trimEnd()).split("\n").slice(-8),
    });
  }
  await addSettings(given);
}

/** The last line about a setting counts. */
async function addSettings({ dataFolder, socketFolder, port, options }: DataFolderOptions): Promise<void> {
  const settings: Record<string, string> = {
    listen_addresses: options.tcp === true ? "127.0.0.1" : "",
    port: String(port),
    unix_socket_directories: socketFolder,
    password_encryption: "scram-sha-256",
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`);
  await appendFile(join(dataFolder, "postgresql.conf"), `\n${lines.join("")}`);
}

function initdb({ dataFolder, superuser, server, user, options }: DataFolderOptions, locale: string) {
  const args = ["-D", dataFolder, "-U", superuser, "-A", "trust", "-E", "UTF8", `--locale=${locale}`, "--no-sync"];
  const { PATH, LD_LIBRARY_PATH, TZ } = options.env;
  return runProgram(join(server.binDir, "initdb"), args, {
    env: { PATH, LD_LIBRARY_PATH, TZ, LC_MESSAGES: "C" },
    cwd: "/",
    signal: options.signal,
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  }) satisfies Promise<ProgramResult>;
}
