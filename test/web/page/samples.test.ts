import { expect, test } from "vitest";
import { type TSchema, Type } from "typebox";
import { Value } from "typebox/value";
import { ArchiveChanges, ArchiveDetail, ArchiveList, RetentionPreview } from "../../../src/web/api/archives.ts";
import { Overview } from "../../../src/web/api/overview.ts";
import { Kept, Plan, RunDetail, RunRow } from "../../../src/web/api/runs.ts";
import { AuditEntry, Token } from "../../../src/web/api/session.ts";
import { SettingsView } from "../../../src/web/api/settings.ts";
import { newFixtureState } from "./fixture-state.ts";
import { archiveChanges, archiveDetail, retention } from "./samples/archive.ts";
import { archives } from "./samples/archives.ts";
import { overviewEmpty, overviewTrouble, overviewWell } from "./samples/overview.ts";
import {
  failedDetail,
  plan,
  planRefused,
  planRunning,
  restoredDetail,
  runningBackup,
  runningDetail,
  runs,
} from "./samples/runs.ts";
import { audit, settings, tokens } from "./samples/settings.ts";

const samples: [name: string, schema: TSchema, sample: unknown][] = [
  ["archives", ArchiveList, archives],
  ["archive", ArchiveDetail, archiveDetail],
  ["changes", ArchiveChanges, archiveChanges],
  ["retention", RetentionPreview, retention],
  ["overview, well", Overview, overviewWell],
  ["overview, trouble", Overview, overviewTrouble],
  ["overview, empty", Overview, overviewEmpty],
  ["runs", Type.Array(RunRow), runs],
  ["run under way", RunRow, runningBackup],
  ["details of the run under way", RunDetail, runningDetail],
  ["details of a failed run", RunDetail, failedDetail],
  ["details of a restore", RunDetail, restoredDetail],
  ["plan", Plan, plan],
  ["plan under way", Plan, planRunning],
  ["refused plan", Plan, planRefused],
  ["settings", SettingsView, settings],
  ["tokens", Type.Array(Token), tokens],
  ["audit", Type.Array(AuditEntry), audit],
  ["kept", Kept, newFixtureState().kept],
];

test.each(samples)("sample %s is what the API's schema says", (_, schema, sample) => {
  const errors = [...Value.Errors(schema, sample)];
  expect(errors.map(({ instancePath, message }) => `${instancePath}: ${message}`)).toEqual([]);
});

test("a sample of another shape is found", () => {
  expect(Value.Check(Overview, { ...overviewWell, maxAgeMs: "26 h" })).toBe(false);
});
