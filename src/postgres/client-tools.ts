import { execFile } from "node:child_process";
import { readdir, realpath } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { promisify } from "node:util";
import { RefusedError } from "../errors.ts";

const run = promisify(execFile);

/** An installed pg_dump. */
export interface ClientTool {
  path: string;
  /** Major version: 15. */
  major: number;
}

/** Folders in which distributions keep one version beside the other: Debian's, then Red Hat's. */
const versionedFolders = [
  { parent: "/usr/lib/postgresql", pattern: /^\d+$/, below: "bin" },
  { parent: "/usr", pattern: /^pgsql-\d+$/, below: "bin" },
];

async function candidateFolders(
  env: Readonly<Record<string, string | undefined>>,
  configuredFolder: string | undefined,
): Promise<string[]> {
  if (configuredFolder !== undefined) return [configuredFolder];
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const { parent, pattern, below } of versionedFolders)
    for (const name of await readdir(parent).catch(() => []))
      if (pattern.test(name)) folders.push(join(parent, name, below));
  return [...new Set(folders)];
}

async function majorOf(path: string, env: Readonly<Record<string, string | undefined>>): Promise<number | undefined> {
  try {
    // Debian's wrapper chooses a version by the cluster it believes is meant; the real ones are in versioned folders.
    if (basename(await realpath(path)) === "pg_wrapper") return undefined;
    const { stdout } = await run(path, ["--version"], { env: { ...env, LC_ALL: "C" }, timeout: 10_000 });
    const match = /\(PostgreSQL\) (\d+)/.exec(stdout);
    return match === null ? undefined : Number(match[1]);
  } catch {
    return undefined;
  }
}

/**
 * Finds the pg_dump whose major version is the server's or the nearest newer one: an older one refuses to dump.
 * @param configuredFolder the only folder that is looked into, when it is given
 * @throws RefusedError that names what was found, with the package to install
 */
export async function findPgDump(
  serverMajor: number,
  env: Readonly<Record<string, string | undefined>>,
  configuredFolder?: string,
): Promise<ClientTool> {
  const folders = await candidateFolders(env, configuredFolder);
  const found: ClientTool[] = [];
  for (const folder of folders) {
    const path = join(folder, "pg_dump");
    const major = await majorOf(path, env);
    // The first one in PATH of the server's own version needs no comparison.
    if (major === serverMajor) return { path, major };
    if (major !== undefined) found.push({ path, major });
  }
  const [best] = found.filter(({ major }) => major > serverMajor).toSorted((a, b) => a.major - b.major);
  if (best !== undefined) return best;
  const where = configuredFolder === undefined ? "" : ` in ${configuredFolder}, which pg_bindir names`;
  const seen =
    found.length === 0
      ? `found none${where}`
      : `found ${found.map(({ path, major }) => `${path} (${major})`).join(", ")}`;
  throw new RefusedError("no-pg-dump", `no pg_dump that can dump a server of version ${serverMajor}: ${seen}`, {
    hints: [
      `apt-get install postgresql-client-${serverMajor}`,
      configuredFolder === undefined
        ? "or name its folder: pg_bindir in section [ngwbackup] of the configuration"
        : "or correct pg_bindir in section [ngwbackup] of the configuration, or leave it out",
    ],
  });
}
