import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Folder of Node's compile cache: `.runtime` of a clone, else the user's own cache. Never Node's default under the folder
 * of temporary files, where another user could leave compiled code for us.
 * @param moduleUrl URL of the entry module
 */
export function compileCacheFolder(env: Readonly<Record<string, string | undefined>>, moduleUrl: string): string {
  const runtimeFolder = fileURLToPath(new URL("../.runtime", moduleUrl));
  if (existsSync(runtimeFolder)) return join(runtimeFolder, "compile-cache");
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "ngwbackup", "compile-cache");
}
