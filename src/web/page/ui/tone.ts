import type { ArchiveRow } from "../../api/archives.ts";
import type { Finding, RunState } from "../../api/common.ts";
import type { IconName } from "./icon.tsx";

/** What a colour means. */
export type Tone = "ok" | "warn" | "bad" | "info" | "plain";

/** How a run's state looks. */
export const runTones: Readonly<Record<RunState, Tone>> = {
  running: "info",
  done: "ok",
  losses: "warn",
  failed: "bad",
  refused: "bad",
  damaged: "bad",
  busy: "warn",
  interrupted: "warn",
};

/** How an archive's state looks. */
export const archiveTones: Readonly<Record<ArchiveRow["state"], Tone>> = {
  complete: "ok",
  losses: "warn",
  damaged: "bad",
  unreadable: "warn",
  foreign: "plain",
};

/** How a finding looks. */
export const findingTones: Readonly<Record<Finding["level"], Tone>> = { ok: "ok", warn: "warn", fail: "bad" };

/** The icon that says the same as the colour. */
export const toneIcons: Readonly<Record<Tone, IconName>> = {
  ok: "check",
  warn: "warn",
  bad: "bad",
  info: "info",
  plain: "info",
};
