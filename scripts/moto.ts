import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { installOnce, runInstaller, type InstallEnvironment } from "./install-once.ts";

/** Where moto stands, an S3 server for tests, with what it needs: a folder for `PYTHONPATH`, in the clone. */
export const motoFolder = join(import.meta.dirname, "..", ".runtime", "moto");

/**
 * Brings moto by pip, once, in the releases of moto-requirements.txt. Tests of S3 are skipped where this cannot be done.
 * @returns why it could not be done; undefined when it is there
 */
export async function ensureMoto(env: InstallEnvironment, note: (line: string) => void): Promise<string | undefined> {
  return await installOnce(motoFolder, async () => {
    note("fetching moto, an S3 server for tests");
    const temporary = `${motoFolder}.new`;
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
    try {
      const pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--retries=1", "--timeout=15"];
      const what = ["--only-binary=:all:", "--requirement", join(import.meta.dirname, "moto-requirements.txt")];
      const failure = await runInstaller("python3", [...pip, ...what, "--target", temporary], env);
      if (failure !== undefined) return failure;
      await rename(temporary, motoFolder);
      return undefined;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
}
