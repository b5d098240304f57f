import { access, readdir, realpath } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { runProgram } from "./run-program.ts";

/** An installed PostgreSQL server. */
export interface ServerBinaries {
  /** Folder of `postgres`, `initdb`, and usually `pg_dump` and `pg_restore`. */
  binDir: string;
  /** As the server prints it, for example `15.20`. */
  version: string;
  major: number;
  /** Whether the PostGIS extension is installed for it. */
  hasPostgis: boolean;
}

/** The oldest server release that NextGIS Web runs on. */
export const oldestServerMajor = 12;

/**
 * The server that a private cluster is made of: the newest one with PostGIS, else the newest.
 * `NGWBACKUP_PG_BINDIR` names its folder and wins.
 * @returns undefined when no server of release 12 or newer is installed
 */
export async function findServerBinaries(
  env: Readonly<Record<string, string | undefined>>,
): Promise<ServerBinaries | undefined> {
  return (await listServerBinaries(env))[0];
}

/** All servers of release 12 or newer, those with PostGIS first, newest first. */
export async function listServerBinaries(
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly ServerBinaries[]> {
  const folders = new Set<string>();
  for (const folder of await candidateFolders(env)) {
    try {
      await Promise.all([access(join(folder, "postgres")), access(join(folder, "initdb"))]);
      folders.add(await realpath(folder));
    } catch {
      // No server in this folder.
    }
  }
  const found = await Promise.all([...folders].map((folder) => examine(folder, env)));
  return found
    .filter((server) => server !== undefined)
    .toSorted((a, b) => Number(b.hasPostgis) - Number(a.hasPostgis) || b.major - a.major);
}

async function candidateFolders(env: Readonly<Record<string, string | undefined>>): Promise<string[]> {
  if (env["NGWBACKUP_PG_BINDIR"]) return [env["NGWBACKUP_PG_BINDIR"]];
  const folders: string[] = [];
  for (const [parent, prefix] of [
    ["/usr/lib/postgresql", ""],
    ["/usr", "pgsql-"],
  ] as const) {
    const names = await readdir(parent).catch(() => []);
    folders.push(...names.filter((name) => name.startsWith(prefix)).map((name) => join(parent, name, "bin")));
  }
  const configured = await runProgram("pg_config", ["--bindir"], { env });
  if (configured.exitCode === 0) folders.push(configured.stdout.trim());
  folders.push(...(env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== ""));
  return folders;
}

async function examine(
  binDir: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ServerBinaries | undefined> {
  const printed = await runProgram(join(binDir, "postgres"), ["--version"], { env });
  const version = /\(PostgreSQL\) (\d+[.\w]*)/.exec(printed.stdout)?.[1];
  if (printed.exitCode !== 0 || version === undefined) return undefined;
  const major = Number.parseInt(version, 10);
  if (major < oldestServerMajor) return undefined;
  const shareDir = await runProgram(join(binDir, "pg_config"), ["--sharedir"], { env });
  const shareFolder = shareDir.exitCode === 0 ? shareDir.stdout.trim() : `/usr/share/postgresql/${major}`;
  const hasPostgis = await access(join(shareFolder, "extension", "postgis.control")).then(
    () => true,
    () => false,
  );
  return { binDir, version, major, hasPostgis };
}
