import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { writeDatedArchive } from "../fixtures/dated-archive.ts";
import { moto } from "../fixtures/s3/moto.ts";
import { everythingIn, makeBucket, type S3Server } from "../fixtures/s3/s3-server.ts";
import { type CliResult, runCli } from "../fixtures/run-cli.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const server = await moto();

describe.skipIf(server === undefined)("retention in S3 (moto)", () => {
  test("archives are copied there and back, and pruned by the rules", async () => {
    const { endpoint, accessKeyId, secretAccessKey } = server as S3Server;
    const bucket = await makeBucket(server as S3Server);
    const folder = await tempFolder();
    const env = {
      NEXTGISWEB__NGWBACKUP__S3__ENDPOINT: endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
    const run = (...args: string[]): Promise<CliResult> => runCli(args, { env });
    for (const day of [1, 2, 3, 4]) {
      const path = join(folder, `${day}.ngwbackup`);
      await writeDatedArchive(path, { snapshotAt: new Date(Date.UTC(2026, 0, day)).toISOString() });
      const url = `s3://${bucket}/daily/${day}.ngwbackup`;
      expect(await run("copy", path, `s3://${bucket}/daily/`)).toMatchObject({ exitCode: 0, stdout: `${url}\n` });
      expect(await run("copy", url, join(folder, `${day}.back`))).toMatchObject({ exitCode: 0 });
    }
    writeFileSync(join(folder, "bad.ngwbackup"), "no archive");
    expect(await run("copy", join(folder, "bad.ngwbackup"), `s3://${bucket}/daily/`)).toMatchObject({ exitCode: 5 });
    const pruned = await run("prune", "--keep-last", "2", `s3://${bucket}/daily/`);
    expect(pruned).toMatchObject({ exitCode: 0 });
    expect(pruned.stdout).toContain(`s3://${bucket}/daily/1.ngwbackup`);
    expect(await everythingIn(server as S3Server, bucket)).toEqual(["daily/3.ngwbackup", "daily/4.ngwbackup"]);
  });
});
