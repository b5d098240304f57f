import type { ArchiveDetail, ArchiveList } from "../../../src/web/api/archives.ts";
import type { ApiError, Role } from "../../../src/web/api/common.ts";
import type { Overview } from "../../../src/web/api/overview.ts";
import type { Kept, Plan, RunDetail, RunRow } from "../../../src/web/api/runs.ts";
import type { AuditEntry, Token } from "../../../src/web/api/session.ts";
import type { SettingsView } from "../../../src/web/api/settings.ts";
import { archiveDetail } from "./samples/archive.ts";
import { archives } from "./samples/archives.ts";
import { daysAgo } from "./samples/moments.ts";
import { overviewWell } from "./samples/overview.ts";
import { failedDetail, plan, restoredDetail, runningDetail, runs } from "./samples/runs.ts";
import { audit, settings, tokens } from "./samples/settings.ts";

/** An answer that is not 2xx. */
export interface Refusal {
  status: number;
  error: ApiError;
  retryAfterSeconds?: number;
}

/** What the fixture server answers with; tests change it. */
export interface FixtureState {
  /** Who is signed in; undefined: nobody. */
  user: { name: string; role: Role } | undefined;
  overview: Overview;
  archives: ArchiveList;
  details: Map<string, ArchiveDetail>;
  runs: RunRow[];
  running: RunRow[];
  runDetails: Map<number, RunDetail>;
  plan: Plan;
  kept: Kept;
  settings: SettingsView;
  tokens: Token[];
  audit: AuditEntry[];
  /** By method and path, `POST api/runs`: refused instead of answered. */
  refusals: Map<string, Refusal>;
  /** Requests that change something, in order: method, path, body. */
  changes: { method: string; path: string; body: unknown }[];
}

/** The state that samples make: all is well, and an operator is signed in. */
export function newFixtureState(): FixtureState {
  return {
    user: { name: "maria", role: "operator" },
    overview: overviewWell,
    archives,
    details: new Map([["a0", archiveDetail]]),
    runs,
    running: [],
    runDetails: new Map([
      [413, runningDetail],
      [395, failedDetail],
      [390, restoredDetail],
    ]),
    plan,
    kept: { runId: "r390", createdAt: daysAgo(6, 14), keptUntil: daysAgo(-8, 14) },
    settings,
    tokens,
    audit,
    refusals: new Map(),
    changes: [],
  };
}
