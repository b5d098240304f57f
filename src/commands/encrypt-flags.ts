import type { FlagParametersForType } from "@stricli/core";
import type { TableContext } from "./command.ts";
import { text } from "./flag-values.ts";

/** Flags of commands that write archives. */
export interface EncryptFlags {
  /** Public keys, in order. */
  readonly recipient: readonly string[];
  readonly recipientsFile?: string;
  readonly noEncrypt: boolean;
  readonly signKey?: string;
}

/** Definitions of those flags. */
export const encryptFlags: FlagParametersForType<EncryptFlags, TableContext> = {
  recipient: {
    kind: "parsed",
    parse: text,
    variadic: true,
    default: [],
    placeholder: "age1...",
    brief: "Encrypt for this public key (age), may be given several times; else encrypt.recipients",
  },
  recipientsFile: {
    kind: "parsed",
    parse: text,
    optional: true,
    placeholder: "path",
    brief: "Encrypt for the public keys in this file, one a line",
  },
  noEncrypt: {
    kind: "boolean",
    default: false,
    withNegated: false,
    brief: "Do not encrypt, whatever is configured",
  },
  signKey: {
    kind: "parsed",
    parse: text,
    optional: true,
    placeholder: "file",
    brief: "Sign the manifest with this private key (Ed25519, PEM); else sign.key",
  },
};
