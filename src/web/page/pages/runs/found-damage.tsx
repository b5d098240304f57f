import type { RunDetail } from "../../../api/runs.ts";
import { words } from "../../text/language.ts";
import { Notice } from "../../ui/notice.tsx";

interface Judged {
  archive: string;
  problems: string[];
}

/** What a verify has found to be wrong, archive by archive; nothing for other runs. */
export function FoundDamage({ detail: { run, summary } }: { detail: RunDetail }) {
  const archives = run.kind === "verify" && Array.isArray(summary?.["archives"]) ? summary["archives"] : [];
  const damaged = (archives as Partial<Judged>[]).filter(({ problems = [] }) => problems.length > 0);
  return damaged.map(({ archive = "", problems = [] }) => (
    <Notice key={archive} tone="bad" title={words.value.runs.foundDamage}>
      <p class="path">{archive}</p>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, and has to by keyboard too */}
      <ul class="code-list" tabIndex={0} aria-label={words.value.runs.foundDamage}>
        {problems.map((problem) => (
          <li key={problem}>{problem}</li>
        ))}
      </ul>
    </Notice>
  ));
}
