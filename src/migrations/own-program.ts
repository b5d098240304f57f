import { readFile, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Name of our package: what tells any copy of us from the application. */
const ownPackage = "ngwbackup";

/**
 * Whether a path leads to ngwbackup, this copy or another, straight or by symbolic links. A script that calls us is not
 * recognised here; handing over guards against that by itself.
 * @param path existing file
 */
export async function isOwnProgram(path: string): Promise<boolean> {
  // npm links <prefix>/bin/NAME to <package>/bin/NAME
  const folder = dirname(await realpath(path));
  for (const root of [folder, dirname(folder)]) {
    try {
      const manifest: unknown = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
      if (typeof manifest === "object" && manifest !== null && "name" in manifest && manifest.name === ownPackage)
        return true;
    } catch {
      // no package here
    }
  }
  return false;
}
