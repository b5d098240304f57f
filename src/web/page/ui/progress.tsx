import { useEffect } from "preact/hooks";
import type { RunKind } from "../../api/common.ts";
import type { RunProgress } from "../../api/runs.ts";
import { formats, words } from "../text/language.ts";
import { announce } from "./announcer.tsx";

/** What a stage is called; the command line's own word where the page has none. */
export function stageName(stage: string): string {
  return words.value.runs.stageNames[stage] ?? stage;
}

/**
 * How far something is: stage, share, rate and time left. Only a change of stage is read out.
 * @param kind names it; undefined for a plan
 */
export function ProgressBar({ progress, kind }: { progress: RunProgress | null; kind?: RunKind }) {
  const format = formats.value;
  const text = words.value.runs;
  const name = kind === undefined ? words.value.restore.planning : words.value.common.kinds[kind];
  const stage = progress === null ? words.value.common.loading : stageName(progress.stage);
  const share =
    progress === null || progress.totalBytes === null || progress.totalBytes === 0
      ? undefined
      : Math.min(1, progress.doneBytes / progress.totalBytes);
  useEffect(() => {
    if (progress !== null) announce(text.nowStage(name, stage));
  }, [stage]);
  return (
    <div class="progress">
      <div class="progress-head">
        <span class="progress-stage">{stage}</span>
        {share !== undefined && <span class="number">{format.percent(share)}</span>}
      </div>
      <progress aria-label={text.progressOf(name)} max={1} {...(share === undefined ? {} : { value: share })} />
      {progress !== null && (
        <div class="progress-foot muted">
          <span>
            {progress.totalBytes === null
              ? progress.doneBytes > 0 && format.bytes(progress.doneBytes)
              : text.ofTotal(format.bytes(progress.doneBytes), format.bytes(progress.totalBytes))}
          </span>
          {progress.bytesPerSecond !== null && <span>{format.rate(progress.bytesPerSecond)}</span>}
          {progress.leftMs !== null && <span class="progress-left">{text.left(format.duration(progress.leftMs))}</span>}
        </div>
      )}
    </div>
  );
}
