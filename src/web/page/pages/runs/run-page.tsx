import { useSignal } from "@preact/signals";
import type { ArchiveList } from "../../../api/archives.ts";
import type { RunDetail, RunRow } from "../../../api/runs.ts";
import { type FollowedRun, useFollowedRun } from "../../data/follow-run.ts";
import { request } from "../../data/request.ts";
import { useResource } from "../../data/resource.ts";
import { isOperator } from "../../data/session.ts";
import { archivePath } from "../../router/routes.ts";
import { formats, words } from "../../text/language.ts";
import { RunBadge } from "../../ui/badge.tsx";
import { Button, ButtonLink } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Moment } from "../../ui/moment.tsx";
import { FailureNotice, Notice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Loading } from "../../ui/placeholder.tsx";
import { ProgressBar } from "../../ui/progress.tsx";
import { AfterRestore } from "./after-restore.tsx";
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
      {(run.kind === "restore" || run.kind === "undo") && run.state !== "running" && <AfterRestore run={run} />}
      <div class="halves">
        <RunFacts detail={detail} />
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

function RunFacts({ detail: { run } }: { detail: RunDetail }) {
  const text = words.value.runs;
  const format = formats.value;
  return (
    <Card title={words.value.archive.facts}>
      <Facts
        facts={[
          [text.started, <Moment key="" at={run.startedAt} />],
          [text.ended, run.endedAt !== null && <Moment key="" at={run.endedAt} />],
          [text.took, run.durationMs !== null && format.duration(run.durationMs)],
          [text.recovery, run.recoveryMs !== null && format.duration(run.recoveryMs)],
          [text.size, run.sizeBytes !== null && format.bytes(run.sizeBytes)],
          [text.losses, run.losses > 0 && format.count(run.losses)],
          [text.subject, run.subjects.length > 0 && <Subjects key="" subjects={run.subjects} />],
          [text.startedBy, run.startedBy ?? text.byItself],
          [text.exitCode, run.exitCode === null ? null : String(run.exitCode)],
          [text.host, run.host],
          [text.version, run.version],
        ]}
      />
    </Card>
  );
}

/** Archives that are still in a configured place lead to their pages. */
function Subjects({ subjects }: { subjects: readonly string[] }) {
  const list = useResource<ArchiveList>("api/archives").data?.archives ?? [];
  return (
    <>
      {subjects.map((subject) => {
        const id = list.find(({ path }) => path === subject)?.id;
        return (
          <span key={subject} class="path subject-line">
            {id === undefined ? subject : <a href={archivePath(id)}>{subject}</a>}
          </span>
        );
      })}
    </>
  );
}

function CancelButton({ run: { id, kind } }: { run: RunRow }) {
  const text = words.value.runs;
  const isAsked = useSignal(false);
  const isTold = useSignal(false);
  const cancel = async (): Promise<void> => {
    await request("POST", `api/runs/${id}/cancel`);
    isTold.value = true;
  };
  const about = kind === "backup" || kind === "restore" ? text.cancelAbout[kind] : text.cancelAbout.other;
  if (isTold.value) return <p role="status">{text.cancelling}</p>;
  return (
    <>
      <Button
        icon="stop"
        onClick={() => {
          isAsked.value = true;
        }}
      >
        {text.cancel}…
      </Button>
      {isAsked.value && (
        <ConfirmDialog
          title={text.cancelTitle}
          action={text.cancelNow}
          kind="danger"
          onConfirm={cancel}
          onClose={() => {
            isAsked.value = false;
          }}
        >
          <p>{about}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
