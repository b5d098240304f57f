import { readdir } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { AppError } from "../../../src/errors.ts";
import { MemoryParts, openFilePart, type PartBuffer } from "../../../src/stores/s3/part-buffer.ts";
import { S3Access } from "../../../src/stores/s3/s3-access.ts";
import { sendPart } from "../../../src/stores/s3/send-bytes.ts";
import { moto } from "../../fixtures/s3/moto.ts";
import { makeBucket, settingsFor } from "../../fixtures/s3/s3-server.ts";
import { collect, errorOf } from "../../fixtures/streams.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { madeUpBytes, never } from "../contract/contents.ts";
import { quickPatience } from "../contract/worlds/s3-world.ts";

const bytes = madeUpBytes(3_000_000);

async function contentOf(part: PartBuffer): Promise<Buffer> {
  const body = part.body();
  return body instanceof Uint8Array ? Buffer.from(body) : await collect(body as AsyncIterable<Uint8Array>);
}

test.each(["memory", "a file"])(
  "a part in %s takes what there is room for, and gives it as often as it is asked",
  async (kind) => {
    const folder = await tempFolder();
    const memory = new MemoryParts(2_500_000);
    const part = kind === "memory" ? memory.take(2_500_000) : await openFilePart(folder, 2_500_000, process.pid);
    expect(await readdir(folder)).toEqual([]);
    expect(await part.append(bytes.subarray(0, 2_000_000))).toBe(2_000_000);
    expect(await part.append(bytes.subarray(2_000_000))).toBe(500_000);
    expect(await part.append(bytes.subarray(2_500_000))).toBe(0);
    const whole = bytes.subarray(0, 2_500_000);
    expect(part.digest().equals(createHash("sha256").update(whole).digest())).toBe(true);
    for (let time = 0; time < 2; time += 1) expect((await contentOf(part)).equals(whole)).toBe(true);
    await part.release();
    if (kind === "memory") expect(memory.take(2_500_000).filledBytes).toBe(0);
  },
);

test("parts that grow use the memory of those before, and none that somebody still has", async () => {
  const memory = new MemoryParts(800);
  const memories = new Set<ArrayBufferLike>();
  const take = async (sizeBytes: number, fill: number): Promise<PartBuffer> => {
    const part = memory.take(sizeBytes);
    expect(await part.append(Buffer.alloc(1000, fill))).toBe(sizeBytes);
    memories.add((part.body() as Uint8Array).buffer);
    return part;
  };
  const small = await Promise.all([1, 2, 3, 4, 5].map((fill) => take(200, fill)));
  expect(memories.size).toBe(2);
  for (const index of [0, 1, 2]) await small[index]!.release();
  const larger = await Promise.all([6, 7].map((fill) => take(400, fill)));
  // The first slab has a small one in it, the second as well.
  expect(memories.size).toBe(3);
  expect((await contentOf(small[3]!)).equals(Buffer.alloc(200, 4))).toBe(true);
  expect((await contentOf(small[4]!)).equals(Buffer.alloc(200, 5))).toBe(true);
  for (const [index, part] of larger.entries())
    expect((await contentOf(part)).equals(Buffer.alloc(400, 6 + index))).toBe(true);
  for (const part of [small[3]!, small[4]!, ...larger]) await part.release();
  await Promise.all([8, 9, 10].map((fill) => take(800, fill)));
  expect(memories.size).toBe(3);
});

test("a file is closed while somebody is in the middle of reading it, and that one is told", async () => {
  const part = await openFilePart(await tempFolder(), bytes.length, process.pid);
  await part.append(bytes);
  const body = part.body() as Readable;
  for await (const _ of body.iterator({ destroyOnReturn: false })) break;
  await part.release();
  const error = await errorOf(() => collect(part.body() as Readable));
  expect(error).toMatchObject({ code: "read-failed" });
  body.destroy();
});

test("a part that cannot be read ends its request at once, by its own error", async ({ skip }) => {
  const server = await moto();
  if (server === undefined) return skip("moto is not installed");
  const bucket = await makeBucket(server);
  const surroundings = { env: {}, pid: process.pid, tmpFolder: await tempFolder(), now: () => new Date() };
  const access = new S3Access(bucket, settingsFor(server), surroundings, quickPatience);
  const part = await openFilePart(surroundings.tmpFolder, bytes.length, process.pid);
  await part.append(bytes);
  await part.release();
  const upload = { key: "a", uploadId: "any", number: 1, signal: never };
  const error = await errorOf(() => sendPart(access, part, upload));
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({ code: "read-failed" });
  await access.close();
});
