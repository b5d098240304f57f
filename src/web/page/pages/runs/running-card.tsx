import type { RunRow } from "../../../api/runs.ts";
import { runPath } from "../../router/routes.ts";
import { words } from "../../text/language.ts";
import { Card } from "../../ui/card.tsx";
import { Moment } from "../../ui/moment.tsx";
import { ProgressBar } from "../../ui/progress.tsx";

/** What is under way, as it goes on. */
export function RunningCard({ runs }: { runs: readonly RunRow[] }) {
  const text = words.value.common;
  return (
    <Card title={words.value.overview.runningNow}>
      <ul class="plain-list running-list">
        {runs.map(({ id, kind, startedAt, startedBy, progress }) => (
          <li key={id}>
            <div class="between">
              <a class="strong" href={runPath(id)}>
                {text.kinds[kind]}
              </a>
              <span class="muted">
                <Moment at={startedAt} show="age" />
                {startedBy !== null && ` · ${text.by(startedBy)}`}
              </span>
            </div>
            <ProgressBar progress={progress} kind={kind} />
          </li>
        ))}
      </ul>
    </Card>
  );
}
