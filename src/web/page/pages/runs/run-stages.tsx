import type { RunStage } from "../../../api/runs.ts";
import { now } from "../../data/clock.ts";
import { formats, words } from "../../text/language.ts";
import { Card } from "../../ui/card.tsx";
import { stageName } from "../../ui/progress.tsx";

/** How long each stage took, as bars beside each other. */
export function RunStages({ stages, isRunning }: { stages: readonly RunStage[]; isRunning: boolean }) {
  const text = words.value.runs;
  const format = formats.value;
  const took = ({ startedAt, durationMs }: RunStage): number =>
    durationMs ?? (isRunning ? Math.max(0, now.value - Date.parse(startedAt)) : 0);
  const longest = Math.max(1, ...stages.map(took));
  return (
    <Card title={text.stages}>
      <table class="stages">
        <thead>
          <tr>
            <th scope="col">{text.stage}</th>
            <th scope="col" class="number">
              {text.took}
            </th>
            <th scope="col" class="number">
              {text.bytes}
            </th>
          </tr>
        </thead>
        <tbody>
          {stages.map((stage) => {
            const ms = took(stage);
            const isNow = isRunning && stage.durationMs === null;
            return (
              <tr key={`${stage.name} ${stage.startedAt}`} class={isNow ? "now" : undefined}>
                <th scope="row">
                  {stageName(stage.name)}
                  <span class="stage-bar" aria-hidden="true">
                    <span style={{ width: `${Math.max(1, (100 * ms) / longest)}%` }} />
                  </span>
                </th>
                <td class="number">{stage.durationMs === null && !isRunning ? "—" : format.duration(ms)}</td>
                <td class="number">{stage.bytes > 0 ? format.bytes(stage.bytes) : "—"}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Card>
  );
}
