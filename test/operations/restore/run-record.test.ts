import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { WorkFolder } from "../../../src/files/work-folder.ts";
import { type RunRecord, readRunRecord, writeRunRecord } from "../../../src/operations/restore/run-record.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";

const record: RunRecord = {
  state: "finished",
  way: "in-place",
  database: "one",
  startedAt: "2026-01-02T03:04:05.000Z",
  keepUntil: "2026-01-09T03:04:05.000Z",
  archive: "/archive",
};

async function workFolder(): Promise<WorkFolder> {
  return { kind: "restore", runId: "aaaa", path: await tempFolder(), alive: true };
}

describe("the record of a run", () => {
  test("is read as it was written, and none where there is none", async () => {
    const work = await workFolder();
    expect(await readRunRecord(work)).toBeUndefined();
    await writeRunRecord(work, record);
    expect(await readRunRecord(work)).toEqual(record);
  });

  test("that cannot be read is not taken for one that was never written: the run may be kept for an undo", async () => {
    const work = await workFolder();
    await mkdir(join(work.path, "run.json"));
    await expect(readRunRecord(work)).rejects.toMatchObject({ code: "run-record", exitCode: 1 });
    const half = await workFolder();
    await writeFile(join(half.path, "run.json"), '{"state":"fini');
    await expect(readRunRecord(half)).rejects.toThrow(`cannot read ${half.path}/run.json, which tells how far`);
  });
});
