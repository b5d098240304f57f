import { expect, test } from "vitest";
import { parseTimers } from "../../../src/operations/status/next-runs.ts";

test("takes our timers that have a next time, soonest first", () => {
  const printed = JSON.stringify([
    {
      next: 1_785_000_000_000_000,
      left: 1,
      last: 0,
      passed: 0,
      unit: "ngw-verify.timer",
      activates: "ngw-verify.service",
    },
    {
      next: 1_784_000_000_000_000,
      left: 1,
      last: 0,
      passed: 0,
      unit: "ngw-backup.timer",
      activates: "ngw-backup.service",
    },
    { next: 0, left: 0, last: 0, passed: 0, unit: "ngw-drill.timer", activates: "ngw-drill.service" },
    { next: null, unit: "ngw-prune.timer" },
    { next: 1_784_000_000_000_000, unit: "ngw-other.timer" },
    { next: 1_784_000_000_000_000, unit: "other-backup.timer" },
  ]);
  expect(parseTimers(printed, "ngw")).toEqual([
    { kind: "backup", at: 1_784_000_000_000 },
    { kind: "verify", at: 1_785_000_000_000 },
  ]);
  expect(parseTimers("[]", "ngw")).toEqual([]);
});
