import type { Finding } from "../../finding.ts";
import { formatBytes, formatCount, formatDuration, formatTime } from "../../terminal/format.ts";
import { type KindStatus, type Status, kindStatus, lastFailed, recoveryMsOf } from "./read-status.ts";

/** A disk that is full so soon is warned of. */
const soonMs = 14 * 24 * 60 * 60 * 1000;

/** What the status means, a line each: `fail` for what is due, `warn` for what will be. */
export function statusFindings(status: Status): Finding[] {
  return [
    backupFinding(status),
    ...failedFinding(status, "backup"),
    verifyFinding(status),
    drillFinding(status),
    ...roomFinding(status),
    nextFinding(status),
  ];
}

function backupFinding({ at, lastBackup, maxAgeMs }: Status): Finding {
  const check = "backup";
  const hint = "ngwbackup backup";
  if (lastBackup === undefined) return { level: "fail", check, message: "there is no backup yet", hint };
  const { path, sizeBytes, losses, isGone } = lastBackup;
  const ageMs = at - lastBackup.at;
  const size = sizeBytes === null ? "" : `, ${formatBytes(sizeBytes)}`;
  const message = `last backup ${ago(ageMs)}: ${path}${size}`;
  if (isGone) return { level: "fail", check, message: `${message}, but it is not there any more`, hint };
  if (ageMs > maxAgeMs)
    return { level: "fail", check, message: `${message}, which is more than ${formatDuration(maxAgeMs)}`, hint };
  if (losses === 0) return { level: "ok", check, message };
  return {
    level: "warn",
    check,
    message: `${message}, with ${formatCount(losses)} ${losses === 1 ? "loss" : "losses"}`,
    hint: `ngwbackup inspect ${path}`,
  };
}

function failedFinding(status: Status, kind: "backup" | "verify" | "drill"): Finding[] {
  const found = kindStatus(status, kind);
  if (!lastFailed(found) || found?.last === undefined) return [];
  const { id, state, startedAt, error } = found.last;
  const reason = error === null ? "" : `: ${error.message}`;
  return [
    {
      level: "fail",
      check: `${kind}-failed`,
      message: `the last ${kind}, ${ago(status.at - startedAt)}, ended as ${state}${reason}`,
      hint: `ngwbackup history ${id}`,
    },
  ];
}

function verifyFinding(status: Status): Finding {
  const [failed] = failedFinding(status, "verify");
  if (failed !== undefined) return failed;
  const last = kindStatus(status, "verify")?.lastSuccess;
  if (last === undefined)
    return { level: "warn", check: "verify", message: "no archive was verified yet", hint: "ngwbackup verify latest" };
  return { level: "ok", check: "verify", message: `last verify ${describe(status, last)}` };
}

function drillFinding(status: Status): Finding {
  const [failed] = failedFinding(status, "drill");
  if (failed !== undefined) return failed;
  const last = kindStatus(status, "drill")?.lastSuccess;
  if (last === undefined)
    return { level: "warn", check: "drill", message: "no drill was done yet", hint: "ngwbackup drill" };
  const recoveryMs = recoveryMsOf(last);
  const recovery = recoveryMs === undefined ? "" : `, recovery in ${formatDuration(recoveryMs)}`;
  return { level: "ok", check: "drill", message: `last drill ${describe(status, last)}${recovery}` };
}

function roomFinding({ at, room, lastBackup }: Status): Finding[] {
  if (room === undefined) return [];
  const check = "room";
  const { path, freeBytes, totalBytes, growth } = room;
  const left = `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} left at ${path}`;
  const neededBytes = lastBackup?.sizeBytes ?? 0;
  const hint = "remove archives that are not needed, or give it more room";
  if (freeBytes < neededBytes)
    return [{ level: "fail", check, message: `${left}, less than the last archive took`, hint }];
  if (growth === undefined)
    return [{ level: "ok", check, message: `${left}; too little was seen to tell when it is full` }];
  if (growth.fullAt === undefined) return [{ level: "ok", check, message: `${left}, and not getting less` }];
  const level = growth.fullAt - at < soonMs ? "warn" : "ok";
  const day = new Date(growth.fullAt).toISOString().slice(0, 10);
  return [{ level, check, message: `${left}, less by ${formatBytes(growth.bytesPerDay)} a day: full on ${day}`, hint }];
}

function nextFinding({ nextRuns }: Status): Finding {
  const check = "next";
  if (nextRuns === undefined)
    return { level: "ok", check, message: "next runs: not known, there is no systemd to ask" };
  if (nextRuns.length === 0)
    return { level: "warn", check, message: "no timer is set", hint: "ngwbackup schedule --install" };
  const runs = nextRuns.map(({ kind, at }) => `${kind} ${formatTime(new Date(at))}`);
  return { level: "ok", check, message: `next runs: ${runs.join(", ")}` };
}

function describe({ at }: Status, { startedAt, subject }: NonNullable<KindStatus["last"]>): string {
  const [first = "?", ...rest] = (subject ?? "?").split("\n");
  const more = rest.length === 0 ? "" : ` and ${formatCount(rest.length)} more`;
  return `${ago(at - startedAt)}: ${first}${more}`;
}

function ago(ageMs: number): string {
  return ageMs < 1000 ? "just now" : `${formatDuration(ageMs)} ago`;
}
