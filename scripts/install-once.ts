import { spawn } from "node:child_process";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "../src/cluster/processes.ts";

/** The environment that installing programs run in. */
export type InstallEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * Installs what a folder of the clone is to hold, unless something is in it; of several runs one does it, and the others wait.
 * @param install fills the folder as its last step; gives why it could not
 * @returns why it could not be done; undefined when it is there
 */
export async function installOnce(
  folder: string,
  install: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const isThere = async (): Promise<boolean> => (await readdir(folder).catch(() => [])).length > 0;
  if (await isThere()) return undefined;
  const lockFolder = `${folder}.lock`;
  await mkdir(dirname(folder), { recursive: true });
  await takeLock(lockFolder);
  try {
    return (await isThere()) ? undefined : await install();
  } finally {
    await rm(lockFolder, { recursive: true, force: true });
  }
}

/** Runs a program that installs something. @returns the last line of what it complains, when it fails */
export function runInstaller(
  program: string,
  args: readonly string[],
  env: InstallEnvironment,
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
