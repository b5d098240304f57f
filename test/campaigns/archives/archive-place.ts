import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { type S3Server, clientFor, everythingIn } from "../../fixtures/s3/s3-server.ts";

/** A place for archives, looked at from behind the program's back. */
export interface ArchivePlace {
  /** Path or URL of an archive, as the command line takes it. */
  locate(name: string): string;
  isThere(name: string): Promise<boolean>;
  /** What is not an archive yet: hidden files, or uploads and their records. */
  unfinished(): Promise<string[]>;
  remove(name: string): Promise<void>;
}

/** A folder of this machine. */
export function folderPlace(folder: string): ArchivePlace {
  return {
    locate: (name) => join(folder, name),
    isThere: async (name) => (await readdir(folder)).includes(name),
    unfinished: async () => (await readdir(folder)).filter((name) => name.startsWith(".")),
    remove: (name) => rm(join(folder, name), { recursive: true, force: true }),
  };
}

/** A bucket; of an upload the hidden name of its record counts, and its own. */
export function bucketPlace(server: S3Server, bucket: string): ArchivePlace {
  return {
    locate: (name) => `s3://${bucket}/${name}`,
    isThere: async (name) => (await everythingIn(server, bucket)).includes(name),
    unfinished: async () =>
      (await everythingIn(server, bucket))
        .filter((key) => /^(upload |\.)/.test(key))
        .map((key) => `.${key.replace(/^(upload |\.)/, "")}`),
    async remove(name) {
      await clientFor(server).send(new DeleteObjectCommand({ Bucket: bucket, Key: name }));
    },
  };
}
