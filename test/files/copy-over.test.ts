import { chownSync, existsSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { copyOver, hiddenName } from "../../src/files/copy-over.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

describe("a copy in another file's place", () => {
  test("takes the place of what is there, and follows no link that waits for it", async () => {
    const folder = await tempFolder();
    const [from, to, victim] = ["from", "to", "victim"].map((name) => join(folder, name)) as [string, string, string];
    writeFileSync(from, "new");
    writeFileSync(to, "old");
    writeFileSync(victim, "untouched");
    symlinkSync(victim, hiddenName(to, "ngwbackup-part"));
    copyOver(from, to);
    expect(readFileSync(to, "utf8")).toBe("new");
    expect(readFileSync(victim, "utf8")).toBe("untouched");
    expect(readdirSync(folder).toSorted()).toEqual(["from", "to", "victim"]);
  });

  test.skipIf(process.geteuid?.() !== 0)("made by root belongs to whom the file belongs to", async () => {
    const folder = await tempFolder();
    writeFileSync(join(folder, "from"), "new", { mode: 0o600 });
    chownSync(join(folder, "from"), 54_321, 54_322);
    copyOver(join(folder, "from"), join(folder, "to"));
    expect(statSync(join(folder, "to"))).toMatchObject({ uid: 54_321, gid: 54_322 });
  });

  test("that fails leaves nothing behind, and what was there", async () => {
    const folder = await tempFolder();
    writeFileSync(join(folder, "to"), "old");
    expect(() => copyOver(join(folder, "missing"), join(folder, "to"))).toThrow();
    expect(readFileSync(join(folder, "to"), "utf8")).toBe("old");
    expect(existsSync(hiddenName(join(folder, "to"), "ngwbackup-part"))).toBe(false);
  });
});
