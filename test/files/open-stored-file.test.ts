import {
  closeSync,
  linkSync,
  lchownSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { chown } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openPinnedFile, openStoredFile } from "../../src/files/open-stored-file.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const somebody = 54_321;

function textOf(fd: number): string {
  try {
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

describe("a symbolic link in the place of a file", () => {
  test("is followed by whoever is not root: the system lets him read what he may", async () => {
    const folder = await tempFolder();
    writeFileSync(join(folder, "file"), "content");
    symlinkSync("file", join(folder, "link"));
    expect(textOf(openStoredFile(join(folder, "link"), false))).toBe("content");
  });

  test.skipIf(process.geteuid?.() !== 0)("is followed by root only as far as its owner could go", async () => {
    const folder = await tempFolder();
    writeFileSync(join(folder, "secret"), "root's", { mode: 0o600 });
    writeFileSync(join(folder, "own"), "somebody's");
    await chown(join(folder, "own"), somebody, somebody);
    const link = join(folder, "link");
    symlinkSync("secret", link);
    expect(textOf(openStoredFile(link, true))).toBe("root's");
    lchownSync(link, somebody, somebody);
    expect(() => openStoredFile(link, true)).toThrow(
      /symbolic link of user 54321 to a file of user 0, which root does not follow/,
    );
    unlinkSync(link);
    symlinkSync("own", link);
    lchownSync(link, somebody, somebody);
    expect(textOf(openStoredFile(link, true))).toBe("somebody's");
  });

  test("that was pinned by a hard link leads where it led", async () => {
    const folder = await tempFolder();
    for (const name of ["storage", "pins"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "elsewhere"), "moved to a larger disk");
    const path = join(folder, "storage", "blob");
    symlinkSync("../elsewhere", path);
    const pin = join(folder, "pins", "1");
    linkSync(path, pin);
    mkdirSync(join(folder, "pins", "deeper"));
    linkSync(path, join(folder, "pins", "deeper", "1"));
    expect(textOf(openPinnedFile(pin, path, false))).toBe("moved to a larger disk");
    expect(textOf(openPinnedFile(join(folder, "pins", "deeper", "1"), path, false))).toBe("moved to a larger disk");
  });
});
