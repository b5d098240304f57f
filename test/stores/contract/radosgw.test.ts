import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startFaultyProxy } from "../../fixtures/faulty-proxy.ts";
import { startRadosgw, type Radosgw } from "../../fixtures/s3/radosgw.ts";
import { everythingIn, makeBucket } from "../../fixtures/s3/s3-server.ts";
import { errorOf } from "../../fixtures/streams.ts";
import { get, madeUpBytes, never, put } from "./contents.ts";
import { describeStoreContract } from "./store-contract.ts";
import { openByRecipe } from "./store-world.ts";
import { s3World, s3WorldArgs } from "./worlds/s3-world.ts";

/** `npm run test:stores` sets it, and installs Ceph. */
const isWanted = process.env["NGWBACKUP_TEST_STORES"] === "1";
const module = `${import.meta.dirname}/worlds/s3-world.ts`;
let server: Radosgw;

describe.skipIf(!isWanted)("Ceph's radosgw (npm run test:stores)", () => {
  beforeAll(async () => {
    server = await startRadosgw();
  }, 180_000);
  afterAll(() => server?.stop());

  describeStoreContract("S3 (radosgw)", () => s3World(server));

  test("holds a part to its signed SHA-256: one that arrives otherwise is sent again", async () => {
    const bucket = await makeBucket(server);
    const proxy = await startFaultyProxy(server.endpoint);
    const store = await openByRecipe(
      { module, args: s3WorldArgs({ ...server, endpoint: proxy.url }, bucket) },
      process.pid,
    );
    const bytes = madeUpBytes(2 * server.leastPartBytes + 7);
    for (const [name, mark] of [
      ["large", "partNumber=2"],
      ["small", "small?"],
    ] as const) {
      proxy.fault = ({ method, url, before }) =>
        method === "PUT" && url.includes(mark) && before === 0
          ? { kind: "corrupt", what: "request", atByte: 70_000 }
          : undefined;
      const content = name === "large" ? bytes : bytes.subarray(0, 100_000);
      await put(store, name, content);
      expect(proxy.seen.filter(({ method, url }) => method === "PUT" && url.includes(mark))).toHaveLength(2);
      expect((await get(store, name)).equals(content)).toBe(true);
    }
    expect(await everythingIn(server, bucket)).toHaveLength(2);
    await store.close();
  });

  test("wrong keys are told apart, and never shown", async () => {
    const bucket = await makeBucket(server);
    for (const [wrong, hint] of [
      [{ secretAccessKey: "not-this-secret-66aa" }, "look at the secret access key"],
      [{ accessKeyId: "not-this-id-12bb" }, "look at the access key id"],
    ] as const) {
      const store = await openByRecipe({ module, args: s3WorldArgs({ ...server, ...wrong }, bucket) }, process.pid);
      const error = await errorOf(async () => {
        for await (const _ of store.list(never));
      });
      expect(error).toMatchObject({ code: "store-denied", exitCode: 4, hints: [expect.stringContaining(hint)] });
      expect(error.message + String(error.cause)).not.toMatch(/not-this/);
      await store.close();
    }
  });
});
