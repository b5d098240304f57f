import { type FollowedRun, useFollowedRun } from "../../data/follow-run.ts";
import { isOperator } from "../../data/session.ts";
import { words } from "../../text/language.ts";
import { RunBadge } from "../../ui/badge.tsx";
import { ButtonLink } from "../../ui/button.tsx";
import { Moment } from "../../ui/moment.tsx";
import { FailureNotice, Notice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Loading } from "../../ui/placeholder.tsx";
import { ProgressBar } from "../../ui/progress.tsx";
import { AfterRestore } from "./after-restore.tsx";
import { CancelButton } from "./cancel-button.tsx";
import { FoundDamage } from "./found-damage.tsx";
import { RunFacts } from "./run-facts.tsx";
import { RunLog } from "./run-log.tsx";
import { RunStages } from "./run-stages.tsx";

/** One run: as it goes on, and how it ended. */
export function RunPage({ id }: { id: number }) {
  const text = words.value;
  const { detail, failure } = useFollowedRun(id);
  const run = detail?.run;
  const title = run === undefined ? text.runs.number(id) : text.common.kinds[run.kind];
  return (
    <>
      <PageHeader
        title={title}
        back={{ href: "runs", text: text.runs.back }}
        about={
          run !== undefined && (
            <div class="archive-about">
              <RunBadge state={run.state} />
              <Moment at={run.startedAt} show="both" />
            </div>
          )
        }
      >
        {run?.state === "running" && isOperator() && <CancelButton run={run} />}
      </PageHeader>
      <Inside followed={{ detail, failure }} />
    </>
  );
}

function Inside({ followed: { detail, failure } }: { followed: FollowedRun }) {
  const text = words.value.runs;
  if (detail === undefined) {
    if (failure === undefined) return <Loading />;
    if (failure.status !== 404) return <FailureNotice failure={failure} />;
    return (
      <Empty title={text.goneTitle} icon="runs">
        <ButtonLink href="runs">{text.back}</ButtonLink>
      </Empty>
    );
  }
  const { run, stages, log, summary } = detail;
  return (
    <div class="stack large">
      {run.state === "running" && (
        <section class="card" aria-label={text.progressOf(words.value.common.kinds[run.kind])}>
          <ProgressBar progress={run.progress} kind={run.kind} />
        </section>
      )}
      {run.error !== null && (
        <Notice
          tone={run.state === "interrupted" || run.state === "busy" ? "warn" : "bad"}
          title={text.error}
          hints={run.error.hints}
        >
          <p>{run.error.message}</p>
        </Notice>
      )}
      <FoundDamage detail={detail} />
      {(run.kind === "restore" || run.kind === "undo") && run.state !== "running" && <AfterRestore run={run} />}
      <div class="halves">
        <RunFacts run={run} />
        {stages.length > 0 && <RunStages stages={stages} isRunning={run.state === "running"} />}
      </div>
      <RunLog log={log} isRunning={run.state === "running"} />
      {summary !== null && (
        <details class="card">
          <summary>{text.summary}</summary>
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, and has to by keyboard too */}
          <pre tabIndex={0}>{JSON.stringify(summary, undefined, 2)}</pre>
        </details>
      )}
    </div>
  );
}
