import type { KeyObject } from "node:crypto";
import { resolve } from "node:path";
import type { EncryptionSettings } from "../../config/settings.ts";
import { readSignKey } from "../../encryption/signature.ts";

/**
 * The key that archives are signed with.
 * @param signKey path of the command line, which counts from `cwd`
 * @returns undefined: they are not signed
 * @throws UsageError sign-key
 */
export async function chooseSignKey(
  signKey: string | undefined,
  settings: EncryptionSettings,
  cwd: string,
): Promise<KeyObject | undefined> {
  if (signKey !== undefined) return await readSignKey(resolve(cwd, signKey), "--sign-key");
  const { signKeyFile } = settings;
  return signKeyFile === undefined ? undefined : await readSignKey(signKeyFile, "[ngwbackup] sign.key");
}
