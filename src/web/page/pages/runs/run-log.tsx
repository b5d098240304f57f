import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { LogLine } from "../../../api/runs.ts";
import { formats, words } from "../../text/language.ts";
import { Card } from "../../ui/card.tsx";
import { CheckField } from "../../ui/field.tsx";

/** The log of a run; while it goes on, the end of it is kept in sight unless somebody reads further up. */
export function RunLog({ log, isRunning }: { log: readonly LogLine[]; isRunning: boolean }) {
  const text = words.value.runs;
  const areProblemsOnly = useSignal(false);
  const box = useRef<HTMLOListElement>(null);
  const isAtEnd = useRef(true);
  const problems = log.filter(({ level }) => level !== "message").length;
  const shown = areProblemsOnly.value ? log.filter(({ level }) => level !== "message") : log;
  useEffect(() => {
    const element = box.current;
    if (isRunning && isAtEnd.current && element !== null) element.scrollTop = element.scrollHeight;
  }, [log.length, isRunning]);
  const filter = problems > 0 && problems < log.length && (
    <CheckField
      label={text.onlyProblems}
      checked={areProblemsOnly.value}
      onChange={(checked) => {
        areProblemsOnly.value = checked;
      }}
    />
  );
  return (
    <Card title={text.log} actions={filter}>
      {log.length === 0 ? (
        <p class="muted">{text.logEmpty}</p>
      ) : (
        <ol
          class="log"
          ref={box}
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, and has to by keyboard too
          tabIndex={0}
          aria-label={text.log}
          onScroll={(event) => {
            const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
            isAtEnd.current = scrollTop + clientHeight >= scrollHeight - 24;
          }}
        >
          {shown.map(({ at, level, text: line }, index) => (
            <li key={index} class={level}>
              <time dateTime={at} title={formats.value.utc(Date.parse(at))}>
                {formats.value.time(Date.parse(at))}
              </time>
              <span>
                {level !== "message" && <strong>{text.levels[level]}: </strong>}
                {line}
              </span>
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}
