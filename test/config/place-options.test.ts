import { describe, expect, test } from "vitest";
import { type Settings, loadSettings } from "../../src/config/settings.ts";
import { errorOf } from "../fixtures/streams.ts";

const load = (options: Record<string, string>): Promise<Settings> =>
  loadSettings({
    env: Object.fromEntries(Object.entries(options).map(([name, value]) => [`NEXTGISWEB__${name}`, value])),
    cwd: "/nowhere",
    configPaths: [],
  });
const shown = ({ values }: Settings, option: string): string | null | undefined =>
  values.find((value) => value.option === option)?.value;

describe("the place for archives", () => {
  test.each([
    [{}, undefined, undefined],
    [{ CORE__BACKUP__PATH: "a" }, "/nowhere/a", "/nowhere/a"],
    [{ NGWBACKUP__PLACE: "b" }, "/nowhere/b", "/nowhere/b"],
    [{ CORE__BACKUP__PATH: "a", NGWBACKUP__PLACE: "/b" }, "/b", "/b"],
    [{ CORE__BACKUP__PATH: "/a", NGWBACKUP__PLACE: "s3://bucket/daily" }, "s3://bucket/daily", undefined],
    [{ NGWBACKUP__PLACE: "rclone:box:" }, "rclone:box:", undefined],
  ])("of %j is %s", async (options, place, path) => {
    const { backup } = await load(options);
    expect([backup.place, backup.path]).toEqual([place, path]);
  });

  test.each([
    [{ CORE__BACKUP__PATH: "s3://bucket/" }, "expected a folder (the URL of a store stands in option place of section"],
    [{ CORE__BACKUP__PATH: "rclone:box:" }, "expected a folder (the URL of a store stands in option place of section"],
    [{ NGWBACKUP__PLACE: "ftp://host/" }, "expected a folder, s3://BUCKET/PREFIX/ or rclone:REMOTE:PATH/"],
    [{ NGWBACKUP__PLACE: "-" }, "expected a folder, s3://BUCKET/PREFIX/ or rclone:REMOTE:PATH/"],
  ])("of %j is refused", async (options, message) => {
    const error = await errorOf(() => load(options));
    expect(error).toMatchObject({ code: "wrong-value", exitCode: 2 });
    expect(error.message).toContain(message);
  });

  test("is shown without what may be a password", async () => {
    const settings = await load({
      NGWBACKUP__PLACE: "rclone:box,user=u,pass=secret-one:x",
      NGWBACKUP__BASE__PATH: "s3://key:secret-two@bucket/x",
    });
    expect(shown(settings, "place")).toBe("rclone:box,...");
    expect(shown(settings, "base.path")).toBe("s3://...@bucket/x");
  });
});
