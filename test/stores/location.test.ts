import { describe, expect, test } from "vitest";
import { parseLocation } from "../../src/stores/location.ts";

describe("what a user names", () => {
  test.each([
    ["-", { kind: "stdio" }],
    ["backup/a.ngwbackup", { kind: "local", path: "backup/a.ngwbackup" }],
    ["/srv/a:b", { kind: "local", path: "/srv/a:b" }],
    ["s3:thing", { kind: "local", path: "s3:thing" }],
    ["s3://bucket", { kind: "s3", root: "s3://bucket", name: undefined }],
    ["s3://bucket/", { kind: "s3", root: "s3://bucket", name: undefined }],
    ["s3://bucket/a.ngwbackup", { kind: "s3", root: "s3://bucket", name: "a.ngwbackup" }],
    ["s3://bucket/x//y/", { kind: "s3", root: "s3://bucket/x/y", name: undefined }],
    ["s3://bucket/x/y/a", { kind: "s3", root: "s3://bucket/x/y", name: "a" }],
    ["rclone:box:", { kind: "rclone", root: "rclone:box:", name: undefined }],
    ["rclone:box:a", { kind: "rclone", root: "rclone:box:", name: "a" }],
    ["rclone:box:x/", { kind: "rclone", root: "rclone:box:x", name: undefined }],
    ["rclone:box:/srv/x/a", { kind: "rclone", root: "rclone:box:/srv/x", name: "a" }],
    ["rclone:box:/a", { kind: "rclone", root: "rclone:box:/", name: "a" }],
  ])("%s", (text, location) => {
    expect(parseLocation(text)).toEqual(location);
  });

  test.each([
    "s3://",
    "s3:///a",
    "s3://user:secret@bucket/a",
    "rclone:",
    "rclone::x",
    "rclone:a/b:c",
    "rclone:--config:x",
    "rclone:box,pass=secret:x/a",
  ])("%s is not complete", (text) => {
    expect(() => parseLocation(text)).toThrow(expect.objectContaining({ code: "store-url", exitCode: 2 }));
  });

  test("a URL of another kind is refused, without the password in it", () => {
    expect(() => parseLocation("sftp://me:secret@host/a")).toThrow(
      expect.objectContaining({ code: "unknown-store", message: expect.not.stringContaining("secret") }),
    );
    expect(() => parseLocation("s3://user:secret@bucket/a")).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("secret") }),
    );
  });

  test.each(["rclone:box,pass=secret:", "rclone::sftp,host=h,pass=secret:x/a", "rclone:box,pass=a/secret:x"])(
    "parameters of a remote are refused, and not shown: %s",
    (text) => {
      expect(() => parseLocation(text)).toThrow(
        expect.objectContaining({ code: "store-url", message: expect.not.stringContaining("secret") }),
      );
    },
  );
});
