import { mkdir, writeFile } from "node:fs/promises";
import { AppError, RefusedError } from "../errors.ts";
import { runProgram } from "./run-program.ts";

/** How packages of the operating system are installed. */
export interface InstallOptions {
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  /** Only root installs; anyone else is told the command. */
  isRoot: boolean;
  /** Takes a line about what is being installed. */
  note(line: string): void;
}

const aptOptions = ["-y", "-q", "--no-install-recommends", "--no-upgrade", "-o", "DPkg::Lock::Timeout=300"];

/**
 * Installs Debian packages, without upgrading or starting anything.
 * @throws RefusedError when we are not root or there is no apt-get, with the command to run
 * @throws AppError when apt-get fails, with the end of what it printed
 */
export async function installPackages(packages: readonly string[], options: InstallOptions): Promise<void> {
  const { signal } = options;
  const env = { ...options.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };
  const isDebian = (await runProgram("apt-get", ["--version"], { env })).exitCode === 0;
  const list = packages.join(" ");
  if (!options.isRoot || !isDebian) {
    const command = `apt-get update && sudo apt-get install --no-install-recommends --no-upgrade ${list}`;
    throw new RefusedError("missing-packages", `missing on this machine: ${list}`, {
      hints: [isDebian ? `sudo ${command}` : `this system has no apt-get: install what it calls ${list}`],
    });
  }
  options.note(`installing ${list}`);
  const aptGet = async (args: readonly string[]): Promise<void> => {
    const result = await runProgram("apt-get", args, { env, signal });
    signal.throwIfAborted();
    if (result.exitCode === 0) return;
    const printed = `${result.stdout}\n${result.stderr}`.trim().split("\n");
    throw new AppError("apt-get", `apt-get ${args.join(" ")} failed`, { details: printed.slice(-10) });
  };
  await aptGet(["update", "-q"]);
  if (packages.some((name) => name.startsWith("postgresql")) && !(await isInstalled("postgresql-common", env))) {
    await keepSystemClusterAway();
  }
  // Our settings for postgresql-common stand before its own come: they are kept without a question.
  await aptGet(["install", ...aptOptions, "-o", "Dpkg::Options::=--force-confold", ...packages]);
}

/** Whether a Debian package is installed. */
export async function isInstalled(name: string, env: Readonly<Record<string, string | undefined>>): Promise<boolean> {
  const { stdout } = await runProgram("dpkg-query", ["-W", "-f", "${db:Status-Status}", name], { env });
  return stdout.trim() === "installed";
}

/** A server package installed for the first time makes and starts a cluster, unless it is told not to. */
async function keepSystemClusterAway(): Promise<void> {
  await mkdir("/etc/postgresql-common", { recursive: true });
  const settings = { flag: "wx", mode: 0o644 } as const;
  await writeFile("/etc/postgresql-common/createcluster.conf", "create_main_cluster = false\n", settings).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    },
  );
}
