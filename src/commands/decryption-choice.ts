import type { Context } from "../context.ts";
import type { DecryptionChoice } from "../operations/encryption/decryption.ts";
import { askPassphrase } from "../terminal/ask-passphrase.ts";
import { canAsk } from "../terminal/confirm.ts";
import type { DecryptFlags } from "./decrypt-flags.ts";

/** What the flags say about encrypted archives; on a terminal a passphrase is asked for. */
export function decryptionChoice(context: Context, flags: DecryptFlags): DecryptionChoice {
  return {
    identityFiles: flags.identity,
    passphraseFile: flags.passphraseFile,
    ask: canAsk(context) ? askOnce(context) : undefined,
  };
}

function askOnce(context: Context): (what: string) => Promise<string> {
  const answers = new Map<string, Promise<string>>();
  return (what) => {
    const answer = answers.get(what) ?? askPassphrase(context, what);
    answers.set(what, answer);
    return answer;
  };
}
