import { access, readlink } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** What starts this program: of the installed package and of a clone alike. */
export const launcher = fileURLToPath(new URL("../../bin/ngwbackup", import.meta.url));

/** Environment in which {@link launcher} takes the Node that runs us, as far as that can be told. */
export async function launcherEnvironment(): Promise<Record<string, string>> {
  try {
    const node = await readlink("/proc/self/exe");
    // After an update of Node it is not there any more, and the launcher finds the new one.
    await access(node);
    return { NGWBACKUP_NODE: node };
  } catch {
    return {};
  }
}
