import { expect, test } from "vitest";
import { AppError, DamagedError } from "../../../src/errors.ts";
import { namedDamage } from "../../../src/operations/contents/named-damage.ts";

test("damage is named by archive and entry; what could not be read is no damage", () => {
  const damage = namedDamage("/archive", "entry", new DamagedError("data-damaged", "bad frame"));
  expect(damage).toMatchObject({ code: "data-damaged", message: "/archive: entry entry: bad frame", exitCode: 5 });
  const failure = new AppError("read-failed", "cannot read /archive at offset 5: EIO");
  expect(namedDamage("/archive", "entry", failure)).toBe(failure);
});
