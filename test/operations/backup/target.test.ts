import { existsSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type TargetRequest, resolveTarget } from "../../../src/operations/backup/target.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";

async function request(cwd: string, changes: Partial<TargetRequest>): Promise<unknown> {
  return await resolveTarget({
    target: undefined,
    defaultPlace: undefined,
    defaultName: "name.ngwbackup",
    noZip: false,
    overwrite: false,
    cwd,
    ...changes,
  });
}

describe("where an archive goes", () => {
  test("a file, a folder's default name, stdout, a folder, the configured folder with folders of its name", async () => {
    const cwd = await tempFolder();
    await mkdir(join(cwd, "folder"));
    expect(await request(cwd, { target: "a.zip" })).toEqual({ kind: "file", path: join(cwd, "a.zip") });
    expect(await request(cwd, { target: "folder" })).toEqual({
      kind: "file",
      path: join(cwd, "folder", "name.ngwbackup"),
    });
    expect(await request(cwd, { target: "folder/", defaultName: "2026/11/x" })).toEqual({
      kind: "file",
      path: join(cwd, "folder/2026/11/x"),
    });
    expect(existsSync(join(cwd, "folder/2026/11"))).toBe(true);
    expect(await request(cwd, { target: "-" })).toEqual({ kind: "stdout" });
    expect(await request(cwd, { target: "b", noZip: true })).toEqual({ kind: "folder", path: join(cwd, "b") });
    expect(await request(cwd, { defaultPlace: "made/here" })).toEqual({
      kind: "file",
      path: join(cwd, "made/here/name.ngwbackup"),
    });
    expect(existsSync(join(cwd, "made/here"))).toBe(true);
  });

  test("is an object of a store, under the default name where only a place is named", async () => {
    const cwd = await tempFolder();
    const target = (url: string, root: string, name: string): object => ({
      kind: "store",
      location: { kind: url.startsWith("s3") ? "s3" : "rclone", root, name },
      url,
    });
    const inBucket = "s3://bucket/x/name.ngwbackup";
    expect(await request(cwd, { target: inBucket })).toEqual(target(inBucket, "s3://bucket/x", "name.ngwbackup"));
    expect(await request(cwd, { target: "s3://bucket/x/" })).toEqual(
      target(inBucket, "s3://bucket/x", "name.ngwbackup"),
    );
    expect(await request(cwd, { target: "rclone:box:" })).toEqual(
      target("rclone:box:name.ngwbackup", "rclone:box:", "name.ngwbackup"),
    );
    expect(await request(cwd, { target: "s3://bucket", defaultName: "2026/11/x" })).toEqual(
      target("s3://bucket/2026/11/x", "s3://bucket/2026/11", "x"),
    );
  });

  test("is an object of the configured store, whether or not that has a slash at its end", async () => {
    const cwd = await tempFolder();
    for (const [defaultPlace, url] of [
      ["s3://bucket/daily", "s3://bucket/daily/name.ngwbackup"],
      ["s3://bucket/daily/", "s3://bucket/daily/name.ngwbackup"],
      ["s3://bucket", "s3://bucket/name.ngwbackup"],
      ["rclone:box:", "rclone:box:name.ngwbackup"],
      ["rclone:box:a/b", "rclone:box:a/b/name.ngwbackup"],
    ])
      expect(await request(cwd, { defaultPlace })).toMatchObject({ kind: "store", url });
    // An empty target is none, and no folder of that name.
    expect(await request(cwd, { defaultPlace: "s3://bucket/daily", target: "" })).toMatchObject({
      kind: "store",
      url: "s3://bucket/daily/name.ngwbackup",
    });
    expect(existsSync(join(cwd, "s3:"))).toBe(false);
    // What is named counts.
    expect(await request(cwd, { defaultPlace: "s3://bucket", target: "a" })).toMatchObject({ kind: "file" });
    expect(await request(cwd, { defaultPlace: "s3://bucket", target: "-" })).toMatchObject({ kind: "stdout" });
  });

  test.each([
    [{}, "no-target", 2],
    [{ defaultPlace: "s3://bucket/x", noZip: true }, "no-zip-to-store", 2],
    [{ defaultPlace: "s3://" }, "store-url", 2],
    [{ target: "-", noZip: true }, "no-zip-to-stdout", 2],
    [{ target: "ftp://host/x" }, "unknown-store", 2],
    [{ target: "s3://bucket/x", noZip: true }, "no-zip-to-store", 2],
    [{ target: "missing/x" }, "target-folder", 4],
    [{ target: "missing/" }, "target-folder", 4],
    [{ target: "file/x" }, "target-unreadable", 4],
    [{ target: "file" }, "target-exists", 4],
    [{ target: "loop" }, "target-unreadable", 4],
    [{ defaultPlace: "file" }, "target-folder", 4],
    [{ defaultPlace: ".", defaultName: "taken" }, "target-is-folder", 4],
    [{ defaultPlace: ".", defaultName: "taken", noZip: true }, "target-exists", 4],
  ] as const)("%j is refused", async (changes, code, exitCode) => {
    const cwd = await tempFolder();
    await writeFile(join(cwd, "file"), "mine");
    await mkdir(join(cwd, "taken"));
    await symlink("loop", join(cwd, "loop"));
    await expect(request(cwd, changes)).rejects.toMatchObject({ code, exitCode });
  });
});
