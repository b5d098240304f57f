import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { blobPath, planBlobs, writeBlobs } from "../../src/demo/files.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const attachments = (scale: typeof tinyScale) =>
  planBlobs("seed", scale).filter((blob) => blob.component === "feature_attachment");

test("sizes of attachments stay in their bounds and come close to both", () => {
  const scale = { ...tinyScale, attachments: 500, attachmentBytes: { min: 60_000, max: 400_000 } };
  const [first, empty, ...others] = attachments(scale);
  expect(empty?.sizeBytes).toBe(0);
  const sizes = [first, ...others].map((blob) => blob?.sizeBytes ?? 0);
  expect(Math.min(...sizes)).toBe(60_000);
  expect(Math.max(...sizes)).toBeGreaterThan(390_000);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(400_000);
});

test("as many attachments compress as are asked for", () => {
  const compressible = (every: number): number =>
    attachments({ ...tinyScale, attachments: 12, compressibleAttachmentEvery: every }).filter(
      (blob) => blob.compressible,
    ).length;
  expect([compressible(0), compressible(1), compressible(3)]).toEqual([0, 12, 4]);
});

test("writes every planned file, however many at once", async () => {
  const folder = await tempFolder();
  const blobs = planBlobs("seed", { ...tinyScale, attachments: 50 });
  await writeBlobs(folder, "seed", blobs);
  const sizes = await Promise.all(blobs.map(async (blob) => (await stat(join(folder, blobPath(blob)))).size));
  expect(sizes).toEqual(blobs.map((blob) => blob.sizeBytes));
});
