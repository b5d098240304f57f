import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { startFaultyProxy } from "../../fixtures/faulty-proxy.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { moto } from "../../fixtures/s3/moto.ts";
import { makeBucket } from "../../fixtures/s3/s3-server.ts";
import { createTestInstance } from "../../fixtures/test-instance.ts";
import { addBlob, backupTo, blobFile } from "../increments/changes.ts";

const server = await moto();

test.skipIf(server === undefined)(
  "of an archive in S3 little more than what is wanted is read",
  async () => {
    const { endpoint, accessKeyId, secretAccessKey } = server!;
    const proxy = await startFaultyProxy(endpoint);
    const bucket = await makeBucket(server!);
    const url = `s3://${bucket}/a.ngwbackup`;
    const env = {
      NEXTGISWEB__NGWBACKUP__S3__ENDPOINT: proxy.url,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
    const instance = await createTestInstance();
    try {
      const rasters = [{ sizeBytes: 12_000_000, compressible: false }];
      const scale = { ...tinyScale, rasters };
      await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale });
      const uuid = await addBlob(instance, 60_000);
      const local = await backupTo(instance, join(instance.folder, "a.ngwbackup"));
      expect(await runCli(["copy", local, url], { env })).toMatchObject({ exitCode: 0 });
      const archiveBytes = statSync(local).size;
      const wanted: [string, (content: Buffer) => void][] = [
        [uuid, (content) => expect(content.equals(readFileSync(blobFile(instance, uuid)))).toBe(true)],
        ["table:public.setting", (content) => expect(content.subarray(-6).toString()).toBe("\n\\.\n\n\n")],
      ];
      for (const [name, check] of wanted) {
        const before = proxy.answeredBytes;
        const result = await runCli(["extract", url, "--to", "-", name], { env });
        expect(result.exitCode, result.stderr).toBe(0);
        check(result.stdoutBytes);
        expect(proxy.answeredBytes - before).toBeLessThan(archiveBytes / 20);
      }
      const before = proxy.answeredBytes;
      expect(await runCli(["extract", "--list", url], { env })).toMatchObject({ exitCode: 0 });
      expect(proxy.answeredBytes - before).toBeLessThan(archiveBytes / 20);
    } finally {
      await instance.drop();
    }
  },
  120_000,
);
