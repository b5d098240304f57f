import { type InstallOptions, installPackages, isInstalled } from "./install-packages.ts";
import { runProgram } from "./run-program.ts";
import { type ServerBinaries, findServerBinaries } from "./server-binaries.ts";
import { RefusedError } from "../errors.ts";

/**
 * The server that a private cluster is made of, with PostGIS; what is missing of it is installed by apt-get when we are
 * root. No cluster of the system is made, started or upgraded by that.
 * @throws RefusedError when it is missing and we may not or cannot install it, with the command to run
 */
export async function ensureServer(options: InstallOptions): Promise<ServerBinaries> {
  const missing = await missingServerPackages(options.env);
  if (missing.length > 0) await installPackages(missing, options);
  const server = await findServerBinaries(options.env);
  if (server === undefined || !server.hasPostgis) {
    throw new RefusedError("no-server", "no PostgreSQL server with PostGIS is installed", {
      hints: [
        "install PostgreSQL 12 or newer with PostGIS, or name its folder: export NGWBACKUP_PG_BINDIR=/path/to/bin",
      ],
    });
  }
  return server;
}

/** Names of the Debian packages that a server with PostGIS lacks; none when it is there. */
export async function missingServerPackages(
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  const server = await findServerBinaries(env);
  if (server?.hasPostgis === true) return [];
  if (server !== undefined && (await isInstalled(`postgresql-${server.major}`, env))) {
    return [`postgresql-${server.major}-postgis-3`];
  }
  const depends = await runProgram("apt-cache", ["depends", "postgresql"], { env: { ...env, LC_ALL: "C" } });
  const major = /Depends: postgresql-(\d+)/.exec(depends.stdout)?.[1];
  // Without package lists yet, the metapackages of Debian and Ubuntu stand for the release they have.
  return major === undefined
    ? ["postgresql", "postgresql-postgis"]
    : [`postgresql-${major}`, `postgresql-${major}-postgis-3`];
}
