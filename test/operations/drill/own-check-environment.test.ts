import { expect, test } from "vitest";
import { ownCheckEnvironment } from "../../../src/operations/drill/own-check-environment.ts";

test("nothing leads the application's own check to the instance itself; all else is as it was", () => {
  const instance = {
    NEXTGISWEB_CONFIG: "/etc/instance.ini",
    NEXTGISWEB_CONFIG_INCLUDE: "core.database.host = db.example.org",
    NEXTGISWEB__CORE__DATABASE__HOST: "db.example.org",
    NEXTGISWEB__CORE__SDIR: "/srv/ngw",
    NEXTGISWEB__FILE_STORAGE__PATH: "/srv/files",
    PGHOSTADDR: "192.0.2.1",
    PGPASSWORD: "the instance's",
  };
  const rest = { PATH: "/usr/bin", PGSSLMODE: "require", NEXTGISWEB__PYRAMID__DEBUG: "true" };
  expect(ownCheckEnvironment({ ...instance, ...rest }, "/tmp/drill/config.ini")).toEqual({
    ...rest,
    NEXTGISWEB_CONFIG: "/tmp/drill/config.ini",
  });
});
