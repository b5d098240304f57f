import { resolve } from "node:path";
import { readPasswordFile } from "../../config/password-file.ts";
import type { Settings } from "../../config/settings.ts";
import type { ByteSource } from "../../bytes.ts";
import { openAgeSource, type OpenOptions } from "../../encryption/age-source.ts";
import { type AgeIdentities, readIdentityFile } from "../../encryption/identities.ts";
import { isEncrypted } from "../../encryption/recognise.ts";

/** What the command line says about reading encrypted archives; it counts instead of the configuration. */
export interface DecryptionChoice {
  /** Files with private keys; paths count from the working folder. */
  identityFiles: readonly string[];
  passphraseFile: string | undefined;
  /** Asks on the terminal for the passphrase of something, once for each; undefined where nobody can be asked. */
  ask: ((what: string) => Promise<string>) | undefined;
}

/** How an archive is opened. */
export interface OpenDecryptedOptions extends OpenOptions {
  /** One of many: passphrases are left out, as each would take a second and 256 MiB, and nobody is asked for one. */
  isList?: boolean;
}

/** No keys on the command line, and nobody to ask. */
export const nothingSaid: DecryptionChoice = { identityFiles: [], passphraseFile: undefined, ask: undefined };

/** Opens encrypted archives of one run: files with keys are read once, when the first archive needs them. */
export class Decryption {
  readonly #choice: DecryptionChoice;
  readonly #cwd: string;
  readonly #load: () => Promise<Settings>;
  #identities: Promise<AgeIdentities> | undefined;

  /** @param load gives the configuration, which is only asked for when the command line says nothing */
  constructor(choice: DecryptionChoice, cwd: string, load: () => Promise<Settings>) {
    this.#choice = choice;
    this.#cwd = cwd;
    this.#load = load;
  }

  /**
   * The plain bytes of an archive: the source itself when it is not encrypted, else one that closes it. When this throws, the
   * source is still the caller's.
   * @throws UsageError for what is wrong with the keys; RefusedError no-identity; DamagedError
   */
  async open(
    source: ByteSource,
    options: OpenDecryptedOptions = {},
  ): Promise<{ source: ByteSource; encrypted: boolean }> {
    if (!(await isEncrypted(source))) return { source, encrypted: false };
    const identities = await (this.#identities ??= this.#readIdentities());
    const used = options.isList === true ? { ...identities, passphrase: undefined } : identities;
    return { source: await openAgeSource(source, used, options), encrypted: true };
  }

  async #readIdentities(): Promise<AgeIdentities> {
    const { identityFiles, passphraseFile } = this.#choice;
    const isSaid = identityFiles.length > 0 || passphraseFile !== undefined;
    const configured = isSaid ? undefined : (await this.#load()).ngwbackup.encryption;
    const paths = configured?.identityFiles ?? identityFiles.map((path) => resolve(this.#cwd, path));
    const setAt = configured === undefined ? "--identity" : "[ngwbackup] decrypt.identity";
    const keys: string[] = [];
    for (const path of paths) keys.push(...(await readIdentityFile(path, setAt, this.#passphrase)));
    const canGive = this.#choice.ask !== undefined || (await this.#passphraseFile()) !== undefined;
    return { keys, passphrase: canGive ? this.#passphrase : undefined };
  }

  readonly #passphrase = async (what: string): Promise<string | undefined> => {
    const file = await this.#passphraseFile();
    if (file !== undefined) return await readPasswordFile(file.path, file.setAt);
    return await this.#choice.ask?.(what);
  };

  async #passphraseFile(): Promise<{ path: string; setAt: string } | undefined> {
    const { identityFiles, passphraseFile } = this.#choice;
    if (passphraseFile !== undefined) return { path: resolve(this.#cwd, passphraseFile), setAt: "--passphrase-file" };
    if (identityFiles.length > 0) return undefined;
    const { readPassphraseFile, passphraseFile: writePath } = (await this.#load()).ngwbackup.encryption;
    if (readPassphraseFile !== undefined)
      return { path: readPassphraseFile, setAt: "[ngwbackup] decrypt.passphrase_file" };
    return writePath === undefined ? undefined : { path: writePath, setAt: "[ngwbackup] encrypt.passphrase_file" };
  }
}
