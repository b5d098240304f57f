import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { makeAgeKeys } from "../../fixtures/age-files.ts";
import { withClient } from "../../fixtures/postgres.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { moto } from "../../fixtures/s3/moto.ts";
import { makeBucket } from "../../fixtures/s3/s3-server.ts";
import type { TestInstance } from "../../fixtures/test-instance.ts";
import { mustHold } from "../campaign.ts";
import { type ArchivePlace, bucketPlace, folderPlace } from "./archive-place.ts";

/** What the archives of a campaign are like. */
export type ArchiveForm = "plain" | "encrypted" | "incremental" | "s3";

export const archiveForms: readonly ArchiveForm[] = ["plain", "encrypted", "incremental", "s3"];

/** What a form asks of instances and of those who back them up. */
export interface FormSetting {
  form: ArchiveForm;
  /** Lines for the end of each instance's configuration. */
  extraConfig: string;
  /**
   * Backs an instance up in this form.
   * @param args more of them
   * @returns the archive's path or URL
   */
  backup(instance: TestInstance, args?: readonly string[]): Promise<string>;
  /** Where archives go, when it is to be looked at. @param folder for those of this machine */
  place(folder: string): ArchivePlace;
  close(): Promise<void>;
}

/** @throws Error where a form needs what is not installed */
export async function createForm(form: ArchiveForm): Promise<FormSetting> {
  switch (form) {
    case "plain":
      return setting(form, "");
    case "encrypted":
      return await encrypted();
    case "incremental":
      return { ...setting(form, ""), backup: backUpTwice };
    case "s3":
      return await inBucket();
  }
}

function setting(form: ArchiveForm, extraConfig: string): FormSetting {
  return {
    form,
    extraConfig,
    backup: backUp,
    place: folderPlace,
    close: () => Promise.resolve(),
  };
}

async function encrypted(): Promise<FormSetting> {
  const folder = await mkdtemp(join(tmpdir(), "ngwbackup-test-keys-"));
  const { identity, recipient } = await makeAgeKeys();
  const keyPath = join(folder, "key.txt");
  await writeFile(keyPath, `${identity}\n`, { mode: 0o600 });
  const lines = ["[ngwbackup]", `encrypt.recipients = ${recipient}`, `decrypt.identity = ${keyPath}`];
  return {
    ...setting("encrypted", lines.join("\n")),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function inBucket(): Promise<FormSetting> {
  const server = await moto();
  if (server === undefined) throw new Error("moto is not installed; npm test installs it");
  const bucket = await makeBucket(server);
  const lines = [
    "[ngwbackup]",
    `s3.endpoint = ${server.endpoint}`,
    `s3.access_key_id = ${server.accessKeyId}`,
    `s3.secret_access_key = ${server.secretAccessKey}`,
    "s3.path_style = yes",
  ];
  return {
    ...setting("s3", lines.join("\n")),
    backup: (instance, args = []) => backUp(instance, [...args, `s3://${bucket}/${basename(instance.folder)}/`]),
    place: () => bucketPlace(server, bucket),
  };
}

async function backUp(instance: TestInstance, args: readonly string[] = []): Promise<string> {
  const backup = await runCli(["backup", ...instance.config, "--one-shot", ...args]);
  mustHold(backup.exitCode === 0, "the archive of a state is written", backup.stderr);
  return backup.stdout.trim();
}

/** The archive refers to one that was made before something was changed. */
async function backUpTwice(instance: TestInstance, args: readonly string[] = []): Promise<string> {
  const base = await backUp(instance, [...args, join(instance.folder, "base.ngwbackup")]);
  await withClient(instance.database.settings, (client) =>
    client.query("update resource set description = 'changed since' where id = (select max(id) from resource)"),
  );
  return await backUp(instance, [...args, "--base", base, join(instance.folder, "increment.ngwbackup")]);
}
