import type { Overview } from "../../../api/overview.ts";
import { words } from "../../text/language.ts";
import { Card } from "../../ui/card.tsx";
import { Moment } from "../../ui/moment.tsx";

/** What runs by itself next. */
export function NextRuns({ nextRuns }: { nextRuns: Overview["nextRuns"] }) {
  const text = words.value.overview;
  return (
    <Card title={text.nextRuns}>
      {nextRuns === null || nextRuns.length === 0 ? (
        <p class="muted">{nextRuns === null ? text.nextUnknown : text.nothingPlanned}</p>
      ) : (
        <ul class="plain-list">
          {nextRuns.map(({ kind, at }) => (
            <li key={kind} class="between">
              <span>{words.value.common.kinds[kind]}</span>
              <Moment at={at} show="age" />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
