import { describe, expect, test } from "vitest";
import { isSystemError, namingFile, systemFailure, writeError } from "../src/disk-errors.ts";
import { AppError } from "../src/errors.ts";
import { errorOf } from "./fixtures/streams.ts";

const system = (code: string, path?: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${code}: the system says so, read`), { code, syscall: "read", ...(path && { path }) });

describe("an error of the system", () => {
  test("is told from ours, from the server's and from defects", () => {
    expect(isSystemError(system("EIO"))).toBe(true);
    const others = [
      new AppError("EIO", "ours"),
      Object.assign(new Error("no space"), { code: "53100" }),
      new TypeError("x"),
    ];
    expect(others.map(isSystemError)).toEqual([false, false, false]);
    expect(others.map((error) => systemFailure(error))).toEqual(others);
  });

  test("names the file that it is about, once", async () => {
    const failed = await errorOf(() => namingFile("/a/b", () => Promise.reject(system("EIO"))));
    expect(failed.message).toBe("EIO: the system says so, read '/a/b'");
    const again = await errorOf(() => namingFile("/other", () => Promise.reject(failed)));
    expect(again.message).toBe("EIO: the system says so, read '/a/b'");
  });

  test("becomes one for the administrator, with a next step", () => {
    const full = systemFailure(system("ENOSPC", "/a/b"), "files", "; nothing was changed") as AppError;
    expect(full).toBeInstanceOf(AppError);
    expect(full.message).toBe("files: ENOSPC: the system says so, read; nothing was changed");
    expect(full).toMatchObject({ code: "system-error", exitCode: 1 });
    expect(full.hints[0]).toContain("df -h /;");
    expect((systemFailure(system("EMFILE")) as AppError).hints[0]).toContain("ulimit -n");
  });

  test("of a write says what was needed, also for what writes no bytes itself", () => {
    const of = (code: string, neededBytes: number): string =>
      writeError(system(code), { path: "/nowhere/at/all", neededBytes, writtenBytes: 7 }).message;
    expect(of("ENOSPC", 5)).toMatch(
      /^no space left writing \/nowhere\/at\/all: needed 5 more bytes after 7, \d+ bytes free$/,
    );
    expect(of("EDQUOT", 0)).toContain("disk quota used up writing /nowhere/at/all: needed a little more after 7");
    expect(of("EFBIG", 5)).toContain("/nowhere/at/all grew larger than");
    expect(of("EIO", 5)).toBe("cannot write /nowhere/at/all after 7 bytes: EIO: the system says so, read");
  });
});
