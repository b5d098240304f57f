import {
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { beforeEach, describe, expect, test, type TestContext } from "vitest";
import type { S3Settings } from "../../../src/stores/s3/s3-settings.ts";
import type { Store } from "../../../src/stores/store.ts";
import { startFaultyProxy, type FaultyProxy } from "../../fixtures/faulty-proxy.ts";
import { moto } from "../../fixtures/s3/moto.ts";
import { clientFor, everythingIn, makeBucket, type S3Server } from "../../fixtures/s3/s3-server.ts";
import { errorOf } from "../../fixtures/streams.ts";
import { get, listedNames, madeUpBytes, never, put } from "../contract/contents.ts";
import { openByRecipe } from "../contract/store-world.ts";
import { s3WorldArgs } from "../contract/worlds/s3-world.ts";
import { startWriter } from "../contract/writer-run.ts";

const dayMs = 24 * 60 * 60 * 1000;
const module = `${import.meta.dirname}/../contract/worlds/s3-world.ts`;
const key = "some/prefix/a";

let server: S3Server | undefined;
let proxy: FaultyProxy;
let bucket: string;

beforeEach(async () => {
  server = await moto();
  if (server === undefined) return;
  proxy = await startFaultyProxy(server.endpoint);
  bucket = await makeBucket(server, true);
});

function here({ skip }: TestContext): S3Server {
  if (server === undefined) skip("moto is not installed");
  return server as S3Server;
}

async function openStore(s3: S3Server, settings: Partial<S3Settings> = {}): Promise<Store> {
  const args = s3WorldArgs({ ...s3, endpoint: proxy.url }, bucket);
  return await openByRecipe({ module, args: { ...args, settings: { ...args.settings, ...settings } } }, process.pid);
}

describe("objects are kept as it is configured", () => {
  test.each(["small", "of several parts"])("%s", async (kind) => {
    if (server === undefined) return;
    const store = await openStore(server, {
      storageClass: "STANDARD_IA",
      sse: "aws:kms",
      sseKmsKeyId: "arn:aws:kms:us-east-1:1:key/2",
      objectLock: { mode: "GOVERNANCE", days: 30 },
    });
    await put(store, "a", madeUpBytes(kind === "small" ? 1000 : 3 * server.leastPartBytes));
    const head = await clientFor(server).send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    expect(head).toMatchObject({ StorageClass: "STANDARD_IA", ServerSideEncryption: "aws:kms" });
    const creating = proxy.seen.find(({ headers }) => headers["x-amz-object-lock-mode"] !== undefined);
    expect(creating?.headers).toMatchObject({
      "x-amz-object-lock-mode": "GOVERNANCE",
      "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:us-east-1:1:key/2",
    });
    const until = new Date(String(creating?.headers["x-amz-object-lock-retain-until-date"])).getTime();
    expect(Math.abs(until - Date.now() - 30 * dayMs)).toBeLessThan(dayMs);
    // S3 wants a checksum of its own for what is locked.
    const bodies = proxy.seen.filter(
      ({ headers, method }) => method === "PUT" && Number(headers["content-length"]) >= 1000,
    );
    expect(bodies).toHaveLength(kind === "small" ? 1 : 3);
    for (const { headers } of bodies) expect(headers["x-amz-checksum-sha256"]).toMatch(/=$/);
    await store.close();
  });

  test("every byte that is sent is covered by the signed SHA-256", async (context) => {
    const store = await openStore(here(context));
    await put(store, "a", madeUpBytes(3 * here(context).leastPartBytes));
    const parts = proxy.seen.filter(({ url }) => url.includes("partNumber="));
    expect(parts).toHaveLength(3);
    for (const { headers } of parts) expect(headers["x-amz-content-sha256"]).toMatch(/^[0-9a-f]{64}$/);
    await store.close();
  });

  test("a locked object cannot be taken away by whoever has the keys, and the earlier version stays", async (context) => {
    const store = await openStore(here(context), { objectLock: { mode: "COMPLIANCE", days: 2 } });
    await put(store, "a", Buffer.from("precious"));
    await store.remove("a", never);
    const client = clientFor(here(context));
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(Versions.map(({ Key }) => Key)).toEqual([key]);
    await store.close();
  });
});

describe("a server that knows less", () => {
  test("of conditions is written to without them, and what is there is still not replaced", async (context) => {
    const s3 = here(context);
    proxy.fault = ({ headers }) =>
      headers["if-none-match"] === undefined
        ? undefined
        : {
            kind: "status",
            status: 501,
            body: "<Error><Code>NotImplemented</Code><Message>A header is not implemented</Message></Error>",
          };
    const store = await openStore(s3);
    for (const sizeBytes of [1000, 3 * s3.leastPartBytes]) {
      const bytes = madeUpBytes(sizeBytes);
      await put(store, `of-${sizeBytes}`, bytes);
      expect((await get(store, `of-${sizeBytes}`)).equals(bytes)).toBe(true);
      const error = await errorOf(() => put(store, `of-${sizeBytes}`, bytes));
      expect(error).toMatchObject({ code: "target-exists" });
    }
    await store.close();
  });

  test("of ranges is told so", async (context) => {
    const store = await openStore(here(context));
    await put(store, "a", madeUpBytes(400_000));
    const source = await store.open("a", never);
    proxy.fault = ({ headers }) => {
      delete headers.range;
      return undefined;
    };
    const error = await errorOf(() => source.read(300_000, 100));
    expect(error).toMatchObject({ code: "store-failed" });
    expect(error.message).toContain("does not answer with the range");
    await source.close();
    await store.close();
  });
});

describe("uploads of dead runs", () => {
  test("of other hosts go when nothing came for two days, and uploads of others never", async (context) => {
    const s3 = here(context);
    const client = clientFor(s3);
    const store = await openStore(s3);
    const foreign = await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key }));
    const upload = { Bucket: bucket, Key: key, UploadId: foreign.UploadId };
    await client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: "x" }));
    await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: "some/prefix/of-another-program" }));
    const record = "some/prefix/.a.ngwbackup-123-456-00000000000000000000000000000000-00000000-00000000.part";
    const Body = JSON.stringify({ key, uploadId: foreign.UploadId });
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: record, Body }));
    expect(await listedNames(store)).toEqual([]);
    const inDays = (days: number): Date => new Date(Date.now() + days * dayMs);
    expect(await store.clearDead(inDays(1.9), never)).toEqual([]);
    expect(await everythingIn(s3, bucket)).toHaveLength(3);
    expect(await store.clearDead(inDays(2.1), never)).toEqual([`s3://${bucket}/${key}`]);
    expect(await everythingIn(s3, bucket)).toEqual(["upload some/prefix/of-another-program"]);
    await store.close();
  });

  test("a record that tells nothing, or of another place, is left alone", async (context) => {
    const s3 = here(context);
    const client = clientFor(s3);
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: "elsewhere" }));
    const names = ["1", "2"].map(
      (mark) => `some/prefix/.a.ngwbackup-123-456-${"0".repeat(32)}-00000000-0000000${mark}.part`,
    );
    for (const [index, Body] of ["no JSON", JSON.stringify({ key: "elsewhere", uploadId: UploadId })].entries())
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: names[index], Body }));
    const store = await openStore(s3);
    expect(await store.clearDead(new Date(Date.now() + 9 * dayMs), never)).toEqual([]);
    expect(await everythingIn(s3, bucket)).toEqual([...names, "upload elsewhere"]);
    await store.close();
  });

  test("are named by the archive they were to be", async (context) => {
    const s3 = here(context);
    const store = await openStore(s3);
    const args = s3WorldArgs(s3, bucket);
    const run = await startWriter({ module, args }, "monthly/a", 3 * s3.leastPartBytes);
    expect((await everythingIn(s3, bucket)).filter((name) => name.startsWith("upload"))).toHaveLength(1);
    await run.kill();
    expect(await store.clearDead(new Date(), never)).toEqual([`s3://${bucket}/some/prefix/monthly/a`]);
    expect(await everythingIn(s3, bucket)).toEqual([]);
    await store.close();
  });
});
