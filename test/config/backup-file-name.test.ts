import { describe, expect, it } from "vitest";
import { backupFileName, fileNameType } from "../../src/config/backup-file-name.ts";

const date = new Date("2020-07-21T23:46:19Z");

describe("backupFileName", () => {
  it.each([
    ["%Y%m%d-%H%M%S.ngwbackup", "20200721-234619.ngwbackup"],
    ["ngw.ngwbackup", "ngw.ngwbackup"],
    ["%Y/%m/%d.ngwbackup", "2020/07/21.ngwbackup"],
    ["..%Y", "..2020"],
  ])("%j gives %j, in UTC", (pattern, name) => {
    expect(backupFileName(pattern, date)).toBe(name);
    expect(fileNameType.parse(pattern)).toBe(pattern);
  });

  it.each([
    ["/srv/%Y", "which is absolute: folders belong into backup.path"],
    ["%Y/../x", "which has a part .."],
    ["./%Y", "which has a part ."],
    ["%Y/", "which has an empty part"],
    ["%Y//x", "which has an empty part"],
    ["a%nb", "which holds control characters"],
    ["%D", undefined],
    ["%300d", "which has a part of more than 255 bytes"],
  ])("%j: %s", (pattern, problem) => {
    if (problem === undefined) {
      expect(backupFileName(pattern, date)).toBe("07/21/20");
      return;
    }
    expect(() => backupFileName(pattern, date)).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringContaining(problem) }),
    );
    expect(fileNameType.parse(pattern)).toBeUndefined();
  });
});
