import type { FlagParametersForType } from "@stricli/core";
import type { CommonFlags, TableContext } from "./command.ts";
import { commonFlags } from "./common-flags.ts";
import { text } from "./flag-values.ts";

/** Flags of commands that read archives. */
export interface DecryptFlags extends CommonFlags {
  /** Files with private keys, in order. */
  readonly identity: readonly string[];
  readonly passphraseFile?: string;
}

/** Definitions of those flags, the common ones included. */
export const decryptFlags: FlagParametersForType<DecryptFlags, TableContext> = {
  ...commonFlags,
  identity: {
    kind: "parsed",
    parse: text,
    variadic: true,
    default: [],
    placeholder: "file",
    brief: "File with the private key (age) of an encrypted archive, may be given several times; else decrypt.identity",
  },
  passphraseFile: {
    kind: "parsed",
    parse: text,
    optional: true,
    placeholder: "path",
    brief: "File with the passphrase of an encrypted archive; else it is asked for on a terminal",
  },
};
