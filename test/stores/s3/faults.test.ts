import { CompleteMultipartUploadCommand, ListMultipartUploadsCommand, ListPartsCommand } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, type TestContext } from "vitest";
import { AppError, RefusedError } from "../../../src/errors.ts";
import type { Store } from "../../../src/stores/store.ts";
import { startFaultyProxy, type FaultyProxy } from "../../fixtures/faulty-proxy.ts";
import { moto } from "../../fixtures/s3/moto.ts";
import { clientFor, everythingIn, makeBucket, type S3Server } from "../../fixtures/s3/s3-server.ts";
import { errorOf } from "../../fixtures/streams.ts";
import { get, madeUpBytes, never, put, readAll, writeAll } from "../contract/contents.ts";
import { openByRecipe } from "../contract/store-world.ts";
import { s3WorldArgs } from "../contract/worlds/s3-world.ts";

const busy = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
const name = "a.ngwbackup";
const isPart = (url: string): boolean => url.includes("partNumber=");

interface World {
  server: S3Server;
  bucket: string;
  proxy: FaultyProxy;
  store: Store;
  bytes: Buffer;
}

let made: World | undefined;

beforeEach(async () => {
  const server = await moto();
  if (server === undefined) return;
  const bucket = await makeBucket(server);
  const proxy = await startFaultyProxy(server.endpoint);
  const args = s3WorldArgs({ ...server, endpoint: proxy.url }, bucket);
  const store = await openByRecipe(
    { module: `${import.meta.dirname}/../contract/worlds/s3-world.ts`, args },
    process.pid,
  );
  made = { server, bucket, proxy, store, bytes: madeUpBytes(Math.floor(3.4 * server.leastPartBytes)) };
});

afterEach(() => made?.store.close());

function world({ skip }: TestContext): World {
  if (made === undefined) skip("moto is not installed");
  return made as World;
}

describe("an upload through a bad network", () => {
  test("a part whose connection breaks is sent again", async (context) => {
    const { proxy, store, bytes, server, bucket } = world(context);
    proxy.fault = ({ url, before }) =>
      isPart(url) && before === 0 ? { kind: "cut", what: "request", afterBytes: 100_000 } : undefined;
    await put(store, name, bytes);
    expect(proxy.seen.filter(({ url, before }) => isPart(url) && before > 0).length).toBeGreaterThanOrEqual(3);
    expect((await get(store, name)).equals(bytes)).toBe(true);
    expect(await everythingIn(server, bucket)).toHaveLength(1);
  });

  test("a burst of 503 and 500 is waited for, whatever the call", async (context) => {
    const { proxy, store, bytes, server, bucket } = world(context);
    proxy.fault = ({ before }) =>
      before < 3 ? { kind: "status", status: before === 1 ? 500 : 503, body: busy } : undefined;
    await put(store, name, bytes);
    expect((await get(store, name)).equals(bytes)).toBe(true);
    await store.remove(name, never);
    expect(await everythingIn(server, bucket)).toEqual([]);
  });

  test("a part that arrives with another byte is refused by the server, and sent again", async (context) => {
    const { proxy, store, bytes } = world(context);
    proxy.fault = ({ url, before }) =>
      url.includes("partNumber=2") && before === 0 ? { kind: "corrupt", what: "request", atByte: 70_000 } : undefined;
    await put(store, name, bytes);
    expect(proxy.seen.filter(({ url }) => url.includes("partNumber=2"))).toHaveLength(2);
    expect((await get(store, name)).equals(bytes)).toBe(true);
  });

  test("so is a small object", async (context) => {
    const { proxy, store, bytes } = world(context);
    const few = bytes.subarray(0, 90_000);
    proxy.fault = ({ method, before }) =>
      method === "PUT" && before === 0 ? { kind: "corrupt", what: "request", atByte: 70_000 } : undefined;
    await put(store, name, few);
    expect(proxy.seen.filter(({ method }) => method === "PUT")).toHaveLength(2);
    expect((await get(store, name)).equals(few)).toBe(true);
  });

  test.each([90_000, 800_000])("an answer that is lost does not make a thing done twice (%d bytes)", async (size) => {
    if (made === undefined) return;
    const { proxy, store, bytes, server, bucket } = made;
    proxy.fault = ({ before, method, url }) =>
      before === 0 && method !== "HEAD" && !url.endsWith("?uploads") && !url.includes("x-id=ListObjects")
        ? { kind: "unheard" }
        : undefined;
    await put(store, name, bytes.subarray(0, size));
    expect((await get(store, name)).equals(bytes.subarray(0, size))).toBe(true);
    expect(await everythingIn(server, bucket)).toHaveLength(1);
  });

  test("an upload whose beginning was not heard of does not stay", async (context) => {
    const { proxy, store, bytes, server, bucket } = world(context);
    proxy.fault = ({ before, url }) => (before === 0 && url.includes("?uploads") ? { kind: "unheard" } : undefined);
    await put(store, name, bytes);
    expect(await everythingIn(server, bucket)).toHaveLength(1);
  });

  test("a server that goes silent counts as gone, and is asked again", async (context) => {
    const { proxy, store, bytes } = world(context);
    proxy.fault = ({ before, url }) => (before === 0 && url.includes("partNumber=1") ? { kind: "hang" } : undefined);
    await put(store, name, bytes);
    expect((await get(store, name)).equals(bytes)).toBe(true);
  });

  test("delays and a slow line change nothing", async (context) => {
    const { proxy, store, bytes } = world(context);
    proxy.fault = ({ method }) =>
      method === "PUT" ? { kind: "throttle", bytesPerSecond: 4_000_000 } : { kind: "delay", delayMs: 30 };
    await put(store, name, bytes);
    expect((await get(store, name)).equals(bytes)).toBe(true);
  });

  test("a network that is gone for good ends it, and nothing stays when it comes back", async (context) => {
    const { proxy, store, bytes, server, bucket } = world(context);
    const sink = await store.create(name, { signal: never });
    await sink.write(bytes.subarray(0, 300_000));
    proxy.fault = () => ({ kind: "gone" });
    const error = await errorOf(async () => {
      await writeAll(sink, bytes);
      await sink.finish();
    });
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: "store-failed", exitCode: 1 });
    expect(error.message).toMatch(/of s3:\/\/test-\w+\/some\/prefix\/.*ECONNRESET/);
    proxy.fault = () => undefined;
    await sink.abort();
    expect(await everythingIn(server, bucket)).toEqual([]);
  });

  test("a refusal in the middle ends it at once, and nothing stays", async (context) => {
    const { proxy, store, bytes, server, bucket } = world(context);
    const body = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    proxy.fault = ({ url }) => (url.includes("partNumber=2") ? { kind: "status", status: 403, body } : undefined);
    const sink = await store.create(name, { signal: never });
    const error = await errorOf(async () => {
      await writeAll(sink, bytes);
      await sink.finish();
    });
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ code: "store-denied", exitCode: 4 });
    expect(proxy.seen.filter(({ url }) => url.includes("partNumber=2"))).toHaveLength(1);
    await sink.abort();
    expect(await everythingIn(server, bucket)).toEqual([]);
  });
});

test("an object that gets its name only after we have given up does not stay", async (context) => {
  const { proxy, store, bytes, server, bucket } = world(context);
  proxy.fault = ({ method, url }) =>
    method === "POST" && url.includes("uploadId=") ? { kind: "status", status: 503, body: busy } : undefined;
  const sink = await store.create(name, { signal: never });
  await writeAll(sink, bytes);
  expect(await errorOf(() => sink.finish())).toMatchObject({ code: "store-failed" });
  await completeUploads(server, bucket);
  await sink.abort();
  expect(await everythingIn(server, bucket)).toEqual([]);
});

test("an object that is there and checked is a success, although the record of its upload stays", async (context) => {
  const { proxy, store, bytes } = world(context);
  proxy.fault = ({ method, url }) =>
    method === "DELETE" && url.includes(".part") ? { kind: "status", status: 503, body: busy } : undefined;
  await put(store, name, bytes);
  proxy.fault = () => undefined;
  expect((await get(store, name)).equals(bytes)).toBe(true);
});

test("so it is when a signal comes after that", async (context) => {
  const { proxy, store, bytes, server, bucket } = world(context);
  const controller = new AbortController();
  proxy.fault = ({ method, url }) => {
    if (method === "DELETE" && url.includes(".part")) controller.abort(new AppError("interrupted", "interrupted"));
    return undefined;
  };
  const sink = await store.create(name, { signal: controller.signal });
  await writeAll(sink, bytes);
  await sink.finish();
  expect(controller.signal.aborted).toBe(true);
  expect(await everythingIn(server, bucket)).toEqual([`some/prefix/${name}`]);
});

test("what does not read back and cannot be removed is named", async (context) => {
  const { proxy, store, bytes } = world(context);
  const body = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
  proxy.fault = ({ method, url }) =>
    method === "DELETE" && url.includes("a.ngwbackup?x-id") && !url.includes(".part")
      ? { kind: "status", status: 403, body }
      : undefined;
  const check = async (): Promise<void> => {
    throw new AppError("read-back", "it does not read back");
  };
  const sink = await store.create(name, { signal: never, check });
  await writeAll(sink, bytes);
  const error = await errorOf(() => sink.finish());
  expect(error).toMatchObject({ code: "store-failed", hints: [`remove ${store.locate(name)}`] });
  expect(error.message).toMatch(/it does not read back; and it could not be removed: .*DeleteObject.*AccessDenied/);
});

describe("reading through a bad network", () => {
  test("a broken connection is taken up where it broke", async (context) => {
    const { proxy, store, bytes } = world(context);
    await put(store, name, bytes);
    const source = await store.open(name, never);
    onTestFinished(() => source.close());
    let cuts = 0;
    proxy.fault = () => (++cuts <= 8 ? { kind: "cut", what: "answer", afterBytes: 100_000 } : undefined);
    const before = proxy.answeredBytes;
    expect((await source.read(0, bytes.length)).equals(bytes)).toBe(true);
    expect(cuts).toBe(9);
    const ranges = proxy.seen.slice(-9).map(({ headers }) => headers.range);
    expect(ranges).toEqual(Array.from({ length: 9 }, (_, turn) => `bytes=${turn * 100_000}-${bytes.length - 1}`));
    expect(proxy.answeredBytes - before).toBeGreaterThan(bytes.length);
  });

  test("a burst of 503 is waited for; one that does not end is told", async (context) => {
    const { proxy, store, bytes } = world(context);
    await put(store, name, bytes);
    let left = 4;
    proxy.fault = () => (left-- > 0 ? { kind: "status", status: 503, body: busy } : undefined);
    expect((await get(store, name)).equals(bytes)).toBe(true);
    proxy.fault = () => ({ kind: "status", status: 503, body: busy });
    const error = await errorOf(() => get(store, name));
    expect(error).toMatchObject({ code: "store-failed", exitCode: 1 });
    expect(error.message).toContain("HTTP 503");
  });

  test("an answer that comes to a halt is taken up elsewhere, and a signal ends waiting for it", async (context) => {
    const { proxy, store, bytes } = world(context);
    await put(store, name, bytes);
    const controller = new AbortController();
    const source = await store.open(name, controller.signal);
    onTestFinished(() => source.close());
    let halts = 0;
    proxy.fault = () => (++halts === 1 ? { kind: "stall", afterBytes: 100_000 } : undefined);
    expect((await source.read(0, bytes.length)).equals(bytes)).toBe(true);
    expect(proxy.seen.at(-1)?.headers.range).toBe(`bytes=100000-${bytes.length - 1}`);
    const reason = new AppError("interrupted", "interrupted");
    proxy.fault = () => {
      setTimeout(() => controller.abort(reason), 50);
      return { kind: "stall", afterBytes: 10 };
    };
    expect(await errorOf(() => source.read(1000, bytes.length - 1000))).toBe(reason);
  });

  test("a network that is gone for good ends it", async (context) => {
    const { proxy, store, bytes } = world(context);
    await put(store, name, bytes);
    const source = await store.open(name, never);
    onTestFinished(() => source.close());
    proxy.fault = () => ({ kind: "gone" });
    expect(await errorOf(() => readAll(source))).toMatchObject({ code: "store-failed" });
    proxy.fault = () => undefined;
    expect((await readAll(source)).equals(bytes)).toBe(true);
  });

  test("a byte that is changed on the way cannot be seen here: the archive's own digests are for that", async (context) => {
    const { proxy, store, bytes } = world(context);
    await put(store, name, bytes);
    proxy.fault = ({ method }) => (method === "GET" ? { kind: "corrupt", what: "answer", atByte: 1000 } : undefined);
    const found = await get(store, name);
    expect(found.length).toBe(bytes.length);
    expect(found.equals(bytes)).toBe(false);
  });
});

/** Does what a slow server does with a request that nobody waits for any more. */
async function completeUploads(server: S3Server, bucket: string): Promise<void> {
  const client = clientFor(server);
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  for (const { Key, UploadId } of Uploads) {
    const upload = { Bucket: bucket, Key, UploadId };
    const { Parts = [] } = await client.send(new ListPartsCommand(upload));
    const parts = Parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }));
  }
}
