import { resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { makeAgeKeyFile, makeSignerKeyFiles } from "../operations/encryption/make-keys.ts";
import type { CommandContext } from "./command.ts";
import type { KeygenFlags } from "./keygen.command.ts";

/** `keygen`: the private key goes into a file or to stdout, the public one is said on stderr. */
export default async function keygen(this: CommandContext, flags: KeygenFlags): Promise<void> {
  const path = flags.output === undefined ? undefined : resolve(this.cwd, flags.output);
  if (flags.signer) {
    if (path === undefined)
      throw new UsageError("no-output", "--signer makes two files, and no name is given", {
        hints: [`${this.calledAs} keygen --signer -o FILE writes FILE and FILE.pub`],
      });
    const publicPath = await makeSignerKeyFiles(path);
    this.output.note(`private key: ${path}\npublic key: ${publicPath}\n`);
    this.output.finish({ command: "keygen", path, publicPath });
    return;
  }
  if (path === undefined && flags.json)
    throw new UsageError("json-to-stdout", "--json and the private key both write to the standard output", {
      hints: [`${this.calledAs} keygen --json -o FILE`],
    });
  const { recipient, identityFile } = await makeAgeKeyFile(path, this.now());
  this.output.note(`Public key: ${recipient}\n`);
  this.output.finish(
    { command: "keygen", path: path ?? null, recipient },
    path === undefined ? identityFile : undefined,
  );
}
