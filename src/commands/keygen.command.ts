import { buildCommand } from "@stricli/core";
import { type CommonFlags, lazyCommand } from "./command.ts";
import { commonAliases, commonFlags } from "./common-flags.ts";
import { text } from "./flag-values.ts";

/** Flags of `keygen`. */
export interface KeygenFlags extends CommonFlags {
  readonly output?: string;
  readonly signer: boolean;
}

/** `keygen` in the command table. */
export const keygenCommand = buildCommand({
  loader: lazyCommand<KeygenFlags, []>(() => import("./keygen.ts")),
  parameters: {
    flags: {
      ...commonFlags,
      output: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "file",
        brief: "File for the private key, which must not exist; stdout when left out",
      },
      signer: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Make a key pair that signs archives: FILE and FILE.pub; else one that encrypts them",
      },
    },
    aliases: { ...commonAliases, o: "output" },
  },
  docs: {
    brief: "Make a key pair for encrypted or signed archives",
    fullDescription: [
      "Without the private key nobody reads what was encrypted for it: keep it where the instance is not, and twice.",
      "",
      "Examples:",
      "  ngwbackup keygen -o key.txt              then: backup --recipient age1...; restore --identity key.txt",
      "  ngwbackup keygen --signer -o signer      then: backup --sign-key signer; verify --signer signer.pub",
    ].join("\n"),
  },
});
