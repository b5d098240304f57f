/*
 * Records what `restic forget` decides, as restic-cases.json: run by hand, with restic 0.14 on PATH, when cases are added.
 * `node test/retention/record-restic-cases.ts`
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { policies, series, type RecordedCase, type RecordedSeries } from "./restic-series.ts";

const folder = mkdtempSync(join(tmpdir(), "ngwbackup-restic-"));
const env = { ...process.env, RESTIC_PASSWORD: "made up", TZ: "UTC", RESTIC_CACHE_DIR: join(folder, "cache") };
const restic = (...args: string[]): string =>
  execFileSync("restic", args, { env, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });

interface Snapshot {
  time: string;
  tags?: string[];
}
interface Forgotten {
  reasons: { snapshot: Snapshot; matches: string[] }[] | null;
}

const keyOf = ({ time, tags = [] }: Snapshot): string => [time.replace(/\+00:00$/, "Z"), ...tags].join(" ");

const recorded: RecordedSeries[] = [];
try {
  const file = join(folder, "file");
  writeFileSync(file, "made up");
  for (const { name, snapshots } of series) {
    const keys = snapshots.map(keyOf);
    const repository = join(folder, name);
    restic("-r", repository, "init", "-q");
    for (const { time, tags } of snapshots) {
      const tagArgs = tags.flatMap((tag) => ["--tag", tag]);
      const at = time.replace("T", " ").replace("Z", "");
      restic("-r", repository, "backup", "-q", "--no-cache", "--host", "h", "--time", at, ...tagArgs, file);
    }
    const cases: RecordedCase[] = policies.map((flags) => {
      const answer = restic("-r", repository, "forget", "--json", "--dry-run", "--group-by", "", ...flags);
      const [group] = JSON.parse(answer) as Forgotten[];
      const reasons: RecordedCase["reasons"] = {};
      for (const { snapshot, matches } of group?.reasons ?? [])
        for (const reason of matches) (reasons[reason] ??= []).push(keys.indexOf(keyOf(snapshot)));
      return { flags, reasons };
    });
    recorded.push({ name, cases });
  }
} finally {
  rmSync(folder, { recursive: true });
}
const version = execFileSync("restic", ["version"], { encoding: "utf8" }).split(" compiled")[0];
const lines = recorded.map(({ name, cases }) => {
  const rows = cases.map((recordedCase) => JSON.stringify(recordedCase)).join(",\n");
  return `{"name":${JSON.stringify(name)},"cases":[\n${rows}]}`;
});
const path = join(import.meta.dirname, "restic-cases.json");
writeFileSync(path, `{"version":${JSON.stringify(version)},"series":[\n${lines.join(",\n")}\n]}\n`);
