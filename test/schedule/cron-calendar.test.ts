import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { cronFields } from "../../src/schedule/cron-calendar.ts";

const known: [calendar: string, fields: string][] = [
  ["hourly", "0 * * * *"],
  ["daily", "0 0 * * *"],
  ["weekly", "0 0 * * 1"],
  ["monthly", "0 0 1 * *"],
  ["*-*-* 02:15:00", "15 2 * * *"],
  ["02:15", "15 2 * * *"],
  ["*-*-01 05:15:00", "15 5 1 * *"],
  ["*-*-1,15 05:00", "0 5 1,15 * *"],
  ["*-*-01..07 05:00", "0 5 1-7 * *"],
  ["Sun *-*-* 04:15:00", "15 4 * * 0"],
  ["sunday 04:15", "15 4 * * 0"],
  ["Mon..Fri 23:00", "0 23 * * 1-5"],
  ["Mon,Thu 23:00", "0 23 * * 1,4"],
  ["Fri..Sun 23:00", "0 23 * * 5-7"],
  ["*-*-* *:00/15", ""],
  ["*-*-* *:*/15", ""],
  ["*-*-* 06,18:30", "30 6,18 * * *"],
];

test.each(known.filter(([, fields]) => fields !== ""))("%s is %s", (calendar, fields) => {
  expect(cronFields(calendar)).toBe(fields);
});

test.each([
  "2026-01-01 00:00",
  "Sun *-*-01..07 05:00",
  "*-*-* 25:00",
  "*-*-* 02:61",
  "*-*-32 02:00",
  "Nosuchday 02:00",
  "quarterly",
  "*-*-* 02:15:00 Europe/Berlin",
  "*-*~3 02:00",
  "",
])("cron has no words for %j", (calendar) => {
  expect(cronFields(calendar)).toBeUndefined();
});

const hasAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
test.skipIf(!hasAnalyze)("what cron has words for, systemd knows", () => {
  for (const [calendar, fields] of known) {
    if (fields !== "") expect(spawnSync("systemd-analyze", ["calendar", calendar]).status, calendar).toBe(0);
  }
});
