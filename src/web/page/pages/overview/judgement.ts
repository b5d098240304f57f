import type { Finding, RunKind } from "../../../api/common.ts";
import type { Overview } from "../../../api/overview.ts";
import type { RunRow } from "../../../api/runs.ts";
import type { Formats } from "../../text/format.ts";
import type { Words } from "../../text/english.ts";

/** What can be done about a finding right here. */
export type Remedy =
  | { do: "backup" | "verify" | "drill" }
  | { do: "open"; what: "archive"; id: string }
  | { do: "open"; what: "archives" }
  | { do: "open"; what: "run"; id: number };

/** A finding in the viewer's language. */
export interface Judgement {
  level: Finding["level"];
  check: string;
  sentence: string;
  advice: string | undefined;
  /** A line of the command line's own, where there are no words of ours. */
  hint: string | undefined;
  remedy: Remedy | undefined;
}

/** Says what the findings mean, the worst first; those that are fine are left out. */
export function judge(overview: Overview, words: Words, formats: Formats): Judgement[] {
  const order = { fail: 0, warn: 1, ok: 2 };
  return overview.findings
    .filter(({ level, check }, index, all) => {
      // A failed verify or drill is told twice by the command line.
      const isTwice = all.findIndex((other) => other.check === check) < index;
      return level !== "ok" && !isTwice;
    })
    .map((finding) => judgeOne(finding, overview, words, formats))
    .toSorted((a, b) => order[a.level] - order[b.level]);
}

function judgeOne(finding: Finding, overview: Overview, words: Words, formats: Formats): Judgement {
  const { level, check, message, hint } = finding;
  const own = sentenceOf(finding, overview, words, formats);
  const base = { level, check, remedy: undefined, advice: undefined, hint: undefined };
  return own === undefined ? { ...base, sentence: capitalize(message), hint } : { ...base, ...own };
}

type Said = Pick<Judgement, "sentence"> & Partial<Pick<Judgement, "advice" | "remedy">>;

function sentenceOf({ check, level }: Finding, overview: Overview, words: Words, formats: Formats): Said | undefined {
  const text = words.overview;
  const at = Date.parse(overview.at);
  switch (check) {
    case "backup":
      return backupSentence(overview, at, words, formats);
    case "backup-failed":
      return failedSentence("backup", overview, at, text, formats);
    case "verify-failed":
      return failedSentence("verify", overview, at, text, formats);
    case "drill-failed":
      return failedSentence("drill", overview, at, text, formats);
    case "verify":
      return { sentence: text.noVerify, advice: text.noVerifyAdvice, remedy: withArchive(overview, "verify") };
    case "drill":
      return { sentence: text.noDrill, advice: text.noDrillAdvice, remedy: withArchive(overview, "drill") };
    case "room": {
      const { fullAt = null } = overview.room ?? {};
      if (level === "fail") return { sentence: text.roomShort, advice: text.roomAdvice, remedy: toArchives };
      if (fullAt === null) return undefined;
      const sentence = text.roomSoon(formats.date(Date.parse(fullAt)));
      return { sentence, advice: text.roomAdvice, remedy: toArchives };
    }
    case "next":
      return { sentence: text.noTimer, advice: text.noTimerAdvice };
    default:
      return undefined;
  }
}

/** Nothing can be verified or drilled where nothing is. */
function withArchive({ lastBackup }: Overview, what: "verify" | "drill"): Remedy | undefined {
  return lastBackup === null || lastBackup.isGone ? undefined : { do: what };
}

const toArchives: Remedy = { do: "open", what: "archives" };

function backupSentence(overview: Overview, at: number, words: Words, formats: Formats): Said {
  const text = words.overview;
  const { lastBackup, maxAgeMs } = overview;
  if (lastBackup === null) return { sentence: text.noBackup, advice: text.noBackupAdvice, remedy: { do: "backup" } };
  const madeAt = Date.parse(lastBackup.at);
  const age = formats.relative(madeAt, at);
  if (lastBackup.isGone) {
    return { sentence: text.backupGone(age), advice: text.backupGoneAdvice, remedy: { do: "backup" } };
  }
  if (at - madeAt > maxAgeMs) {
    const sentence = text.backupOld(formats.duration(at - madeAt), formats.duration(maxAgeMs));
    return { sentence, advice: text.backupOldAdvice, remedy: { do: "backup" } };
  }
  const { archiveId, losses } = lastBackup;
  return {
    sentence: text.backupLosses(words.common.losses(losses)),
    advice: text.backupLossesAdvice,
    remedy: archiveId === null ? toArchives : { do: "open", what: "archive", id: archiveId },
  };
}

function failedSentence(
  kind: RunKind & ("backup" | "verify" | "drill"),
  overview: Overview,
  at: number,
  text: Words["overview"],
  formats: Formats,
): Said | undefined {
  const last: RunRow | null | undefined = overview.lastRuns.find((runs) => runs.kind === kind)?.last;
  if (last === undefined || last === null) return undefined;
  const age = formats.relative(Date.parse(last.startedAt), at);
  const isDamage = last.state === "damaged" && kind !== "backup";
  return {
    sentence: isDamage ? text.runFound[kind](age) : text.runFailed[kind](age),
    ...(last.error === null ? {} : { advice: last.error.message }),
    remedy: { do: "open", what: "run", id: last.id },
  };
}

function capitalize(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
