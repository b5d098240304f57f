import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { ByteSource } from "../../../src/bytes.ts";
import { openZipArchive } from "../../../src/archive/zip-reader.ts";
import { createZipWriter } from "../../../src/archive/zip-writer.ts";
import { openAgeSource } from "../../../src/encryption/age-source.ts";
import { RefusedError } from "../../../src/errors.ts";
import { zipPlaces } from "../../../src/operations/contents/zip-places.ts";
import { checkInThreads } from "../../../src/operations/verify/check-in-threads.ts";
import { ProblemList } from "../../../src/operations/verify/problem-list.ts";
import { openFileSource } from "../../../src/stores/file-source.ts";
import { makeAgeKeys, sealedBytes } from "../../fixtures/age-files.ts";
import { createMemorySink, createMemorySource } from "../../fixtures/memory-bytes.ts";
import { modifiedAt } from "../../fixtures/small-archive.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { madeUpBytes } from "../../stores/contract/contents.ts";

const names = Array.from({ length: 20 }, (_, index) => `component/file_storage/${String(index + 1).padStart(8, "0")}`);

/** An archive of some MiB, several batches' worth. */
async function archiveBytes(): Promise<Buffer> {
  const sink = createMemorySink();
  const writer = createZipWriter(sink, { modifiedAt });
  const content = madeUpBytes(1_000_003);
  for (const [index, name] of names.entries()) await writer.addEntry(name, content.subarray(index));
  await writer.finish("");
  return sink.bytes();
}

/** What threads find wrong with the entries of an archive. */
async function check(source: ByteSource): Promise<{ problems: string[]; bytes: number }> {
  const reader = await openZipArchive(source);
  const places = zipPlaces(reader)!;
  const { archives, stored } = places;
  const checks = names.map((name) => {
    const entry = reader.entries.get(name)!;
    const check_ = { entry, listed: undefined, codec: "none" as const, isTable: false, decode: true };
    return { check: check_, place: places.placeOf(name)! };
  });
  const problems = new ProblemList();
  let bytes = 0;
  const { signal } = new AbortController();
  const onBytes = (count: number): void => void (bytes += count);
  await checkInThreads({ label: source.label, archives }, stored, checks, problems, onBytes, { threads: 2, signal });
  return { problems: problems.all().toSorted(), bytes };
}

/** The same bytes as a store gives them: whoever wants some asks. */
function asked(source: ByteSource): ByteSource {
  const { label, sizeBytes } = source;
  const read: ByteSource["read"] = (offsetBytes, lengthBytes) => source.read(offsetBytes, lengthBytes);
  return { label, sizeBytes, read, close: () => source.close() };
}

test("the same is found in a local file and in one whose bytes are asked for, encrypted or not", async () => {
  const bytes = await archiveBytes();
  for (const at of [5_500_000, 12_000_000, 19_000_000]) bytes[at]! ^= 1;
  const keys = await makeAgeKeys();
  const path = join(await tempFolder(), "archive.zip");
  writeFileSync(path, bytes);
  writeFileSync(`${path}.age`, await sealedBytes([bytes], { keys: [keys.recipient] }));
  const file = await openFileSource(path, "archive");
  const sealed = await openFileSource(`${path}.age`, "archive");
  onTestFinished(async () => {
    await file.close();
    await sealed.close();
  });
  const expected = await check(file);
  expect(expected.bytes).toBeGreaterThan(19_000_000);
  expect(expected.problems).toHaveLength(3);
  for (const problem of expected.problems) expect(problem).toMatch(/^entry component\/file_storage\/.*CRC-32 differs/);
  expect(await check(asked(file))).toEqual(expected);
  expect(await check(await openAgeSource(sealed, keys.identities))).toEqual(expected);
  expect(await check(await openAgeSource(asked(sealed), keys.identities))).toEqual(expected);
});

test("what a store throws ends it, as it was thrown", async () => {
  const source = createMemorySource(await archiveBytes());
  const denied = new RefusedError("store-denied", "the store does not allow it");
  const failing: ByteSource = {
    ...source,
    read: (offsetBytes, lengthBytes) =>
      offsetBytes > 10_000_000 && offsetBytes < 15_000_000
        ? Promise.reject(denied)
        : source.read(offsetBytes, lengthBytes),
  };
  const error = await check(failing).catch((thrown: unknown) => thrown);
  expect(error).toBe(denied);
});
