import { spawn } from "node:child_process";
import { access, constants, mkdir, writeFile } from "node:fs/promises";
import { RefusedError } from "../errors.ts";
import { type ServerBinaries, findServerBinaries } from "./server-binaries.ts";

/** Who installs, and who is told. */
export interface InstallOptions {
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  isRoot: boolean;
  /** Told what is being done, a line each. */
  note: (text: string) => void;
}

/** Keeps Debian's packages from making and starting a cluster of their own; only where there is none yet. */
const clusterConfig = "/etc/postgresql-common/createcluster.conf";

/**
 * The server for a private cluster, with PostGIS; installs Debian's packages where they are missing and we are root.
 * @throws RefusedError with the command to run when we may not install, or the packages do not help
 */
export async function ensureServer(options: InstallOptions): Promise<ServerBinaries> {
  const found = await findServerBinaries(options.env);
  if (found?.hasPostgis === true) return found;
  const packages = found === undefined ? ["postgresql", "postgresql-postgis"] : [`postgresql-${found.major}-postgis-3`];
  const missing =
    found === undefined ? "no PostgreSQL server is installed" : `PostgreSQL ${found.version} has no PostGIS`;
  await installPackages(packages, missing, options);
  const installed = await findServerBinaries(options.env);
  if (installed?.hasPostgis === true) return installed;
  throw new RefusedError(
    "no-server",
    "no PostgreSQL server with PostGIS is there, even after its packages were installed",
  );
}

/**
 * Installs Debian packages, never upgrading what is there.
 * @param missing what they are for, for the message
 * @throws RefusedError with the command to run when we are not root or have no apt-get
 */
export async function installPackages(
  packages: readonly string[],
  missing: string,
  { env, signal, isRoot, note }: InstallOptions,
): Promise<void> {
  const command = `apt-get install ${packages.join(" ")}`;
  if (!isRoot || !(await hasAptGet()))
    throw new RefusedError("not-installed", missing, { hints: [`as root: apt-get update && ${command}`] });
  note(`${missing}: ${command}`);
  await forbidOwnCluster();
  await run("apt-get", ["update", "--quiet"], env, signal);
  await run(
    "apt-get",
    ["install", "--yes", "--quiet", "--no-install-recommends", "--no-upgrade", ...packages],
    { ...env, DEBIAN_FRONTEND: "noninteractive" },
    signal,
  );
}

async function hasAptGet(): Promise<boolean> {
  return await access("/usr/bin/apt-get", constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** A fresh PostgreSQL package starts a server on port 5432, which nobody asked us for. */
async function forbidOwnCluster(): Promise<void> {
  await mkdir("/etc/postgresql-common", { recursive: true });
  await writeFile(clusterConfig, "create_main_cluster = false\n", { flag: "wx" }).catch(() => undefined);
}

async function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn(program, args, { env: { ...env }, stdio: ["ignore", "pipe", "pipe"], signal });
    let output = "";
    const keep = (text: string): void => {
      output = (output + text).slice(-4000);
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) return resolve();
      const details = output.trimEnd().split("\n").slice(-10);
      reject(
        new RefusedError("install-failed", `${program} ${args.join(" ")} failed with exit code ${code}`, {
          details,
          hints: [`run it by hand: ${program} ${args.join(" ")}`],
        }),
      );
    });
  });
}
