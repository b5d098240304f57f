import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freeSpaceAt } from "../../files/free-space.ts";
import { recordPastRuns } from "./past-runs.ts";
import type { PrivateInstance } from "./private-instance.ts";

type Say = (line: string) => void;

/** Who signs in. */
const user = "demo";

/** Lays a month of made-up runs before what the walk-through is about to do with its instance. */
export async function preparePast({ sdir, backupPath, blobBytes }: PrivateInstance, isRoot: boolean): Promise<void> {
  const stateFolder = join(sdir, ".ngwbackup");
  await mkdir(stateFolder, { mode: 0o700 });
  const space = await freeSpaceAt(sdir);
  await recordPastRuns({
    stateFolder,
    isRoot,
    now: new Date(),
    archiveFolder: backupPath,
    sizeBytes: blobBytes,
    freeBytes: space?.freeBytes ?? 0,
  });
}

/**
 * Serves the page on the demo's instance with a user of its own, until the demo is stopped.
 * @param folder of the demo
 * @param ngwbackup runs it, telling what it prints
 */
export async function showPage(
  folder: string,
  ngwbackup: (args: readonly string[], say: Say) => Promise<string>,
  say: Say,
): Promise<void> {
  const password = randomBytes(12).toString("base64url");
  const passwordPath = join(folder, "password");
  await writeFile(passwordPath, `${password}\n`, { mode: 0o600 });
  await ngwbackup(["serve", "--set-password", user, "--password-file", passwordPath], say);
  await ngwbackup(["serve", "--listen", "127.0.0.1:0"], (line) => {
    say(line);
    if (!line.includes("page at ")) return;
    say(`sign in as ${user} with the password ${password}`);
    say("Ctrl-C ends it, and removes everything");
  });
}
