import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeAgeKeyPair } from "../../src/encryption/age-key-pair.ts";
import type { Contestant, Place } from "./contestant.ts";
import { ngwbackup, ngwbackupStep } from "./ngwbackup.ts";

/** Ours, encrypted for one key; what it costs is the difference to the plain one. */
export const ngwbackupEncrypted: Contestant = {
  ...ngwbackup,
  name: "ngwbackup encrypted",
  about: "ngwbackup backup --recipient, restore --side-by-side and verify with --identity",
  async backup(place) {
    const { recipient, identityFile } = await makeAgeKeyPair(new Date());
    await writeFile(identityPath(place), identityFile, { mode: 0o600 });
    return ngwbackupStep(place, ["backup", "--one-shot", "--recipient", recipient, archivePath(place)]);
  },
  restore: async (place) =>
    ngwbackupStep(place, ["restore", "--side-by-side", "--yes", "--identity", identityPath(place), archivePath(place)]),
  verify: async (place) => ngwbackupStep(place, ["verify", "--identity", identityPath(place), archivePath(place)]),
};

function archivePath({ folder }: Pick<Place, "folder">): string {
  return join(folder, "archive.ngwbackup.age");
}

function identityPath({ folder }: Pick<Place, "folder">): string {
  return join(folder, "key.txt");
}
