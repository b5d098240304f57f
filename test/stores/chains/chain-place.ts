import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { cleanEnvironment } from "../../fixtures/postgres.ts";
import { filesBelow, makeRemote } from "../../fixtures/rclone.ts";
import { clientFor, everythingIn, makeBucket, type S3Server } from "../../fixtures/s3/s3-server.ts";

/** A store for one test, with what looks at it behind the program's back. */
export interface ChainPlace {
  /** Root of the store, with its slash or colon. */
  root: string;
  /** Lines of section `[ngwbackup]` by which it is reached. */
  options: readonly string[];
  /** Everything that it holds, half-written things included, sorted. */
  names(): Promise<string[]>;
  remove(name: string): Promise<void>;
}

/** A bucket of its own. */
export async function s3Place(server: S3Server): Promise<ChainPlace> {
  const bucket = await makeBucket(server);
  return {
    root: `s3://${bucket}/`,
    options: [
      `s3.endpoint = ${server.endpoint}`,
      `s3.access_key_id = ${server.accessKeyId}`,
      `s3.secret_access_key = ${server.secretAccessKey}`,
    ],
    names: async () => (await everythingIn(server, bucket)).toSorted(),
    async remove(name) {
      await clientFor(server).send(new DeleteObjectCommand({ Bucket: bucket, Key: name }));
    },
  };
}

/** A remote on an SFTP server of its own. */
export async function sftpPlace(): Promise<ChainPlace> {
  const { root, configPath, folder } = await makeRemote("sftp");
  return {
    root,
    options: [`rclone.config = ${configPath}`],
    names: () => Promise.resolve(filesBelow(folder).toSorted()),
    // Through the server, which does not look again for minutes.
    async remove(name) {
      await promisify(execFile)(
        "rclone",
        ["deletefile", `${root.slice("rclone:".length)}${name}`, "--config", configPath],
        {
          env: cleanEnvironment(),
        },
      );
    },
  };
}
