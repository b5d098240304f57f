import type { RunRow } from "../../../api/runs.ts";
import { runPath } from "../../router/routes.ts";
import { formats, words } from "../../text/language.ts";
import { RunBadge } from "../../ui/badge.tsx";
import { Moment } from "../../ui/moment.tsx";
import { subjectText } from "./subject-text.ts";

/** Runs, newest first; on a narrow screen each row is a card. */
export function RunTable({ runs }: { runs: readonly RunRow[] }) {
  const text = words.value.runs;
  const format = formats.value;
  return (
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">{text.kind}</th>
          <th scope="col">{text.state}</th>
          <th scope="col">{text.started}</th>
          <th scope="col" class="number">
            {text.took}
          </th>
          <th scope="col" class="number">
            {text.size}
          </th>
          <th scope="col">{text.subject}</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr key={run.id}>
            <th scope="row" class="row-name">
              <a href={runPath(run.id)} aria-label={`${words.value.common.kinds[run.kind]}, ${text.number(run.id)}`}>
                {words.value.common.kinds[run.kind]}
              </a>
            </th>
            <td data-label={text.state}>
              <span class="badges">
                <RunBadge state={run.state} />
                {run.losses > 0 && <span class="muted">{words.value.common.losses(run.losses)}</span>}
              </span>
            </td>
            <td data-label={text.started}>
              <Moment at={run.startedAt} show="date" />
            </td>
            <td data-label={text.took} class={run.durationMs === null ? "number blank" : "number"}>
              {run.durationMs === null ? "—" : format.duration(run.durationMs)}
            </td>
            <td data-label={text.size} class={run.sizeBytes === null ? "number blank" : "number"}>
              {run.sizeBytes === null ? "—" : format.bytes(run.sizeBytes)}
            </td>
            <td data-label={text.subject} class={run.subjects.length === 0 ? "blank" : "path"}>
              {subjectText(run.subjects) ?? "—"}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
