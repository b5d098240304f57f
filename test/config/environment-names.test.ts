import { expect, it } from "vitest";
import { optionOfVariable } from "../../src/config/environment-names.ts";

it.each([
  ["NEXTGISWEB__CORE__SDIR", "core.sdir"],
  ["NEXTGISWEB_CORE__SDIR", "core.sdir"],
  ["nextgisweb__core__sdir", "core.sdir"],
  ["NEXTGISWEB__CORE__DATABASE__HOST", "core.database.host"],
  ["NEXTGISWEB__FILE_STORAGE__PATH", "file_storage.path"],
  ["NEXTGISWEB_FILE_STORAGE__CLEANUP_KEEP_INTERVAL", "file_storage.cleanup_keep_interval"],
  ["NEXTGISWEB__NGWBACKUP__ADMIN__USER", "ngwbackup.admin.user"],
  ["NEXTGISWEB__A__LIST__0", "a.list.0"],
  ["NEXTGISWEB_CONFIG", undefined],
  ["NEXTGISWEB_CONFIG_INCLUDE", undefined],
  ["NEXTGISWEB___CORE__SDIR", undefined],
  ["NEXTGISWEB__1CORE__SDIR", undefined],
  ["NEXTGISWEB__CORE__", undefined],
  ["NEXTGISWEB__CORE", undefined],
  ["NEXTGISWEBCORE__SDIR", undefined],
  ["XNEXTGISWEB__CORE__SDIR", undefined],
  ["PATH", undefined],
])("%s sets %s", (name, option) => {
  expect(optionOfVariable(name)).toBe(option);
});
