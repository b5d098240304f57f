import type { ComponentChildren } from "preact";
import type { Overview } from "../../../api/overview.ts";
import { archivePath, runPath } from "../../router/routes.ts";
import { formats, words } from "../../text/language.ts";
import { RunBadge } from "../../ui/badge.tsx";
import { Icon, type IconName } from "../../ui/icon.tsx";
import { Moment } from "../../ui/moment.tsx";

/** Last backup, verify and drill. */
export function LastCards({ overview }: { overview: Overview }) {
  const text = words.value.overview;
  const format = formats.value;
  const { lastBackup } = overview;
  const of = (kind: "backup" | "verify" | "drill") => overview.lastRuns.find((runs) => runs.kind === kind);
  const recoveryMs = of("drill")?.lastSuccess?.recoveryMs ?? null;
  const backupMs = of("backup")?.lastSuccess?.durationMs ?? null;
  return (
    <div class="last-cards">
      <LastCard title={text.lastBackup} icon="archives" runs={of("backup")} at={lastBackup?.at}>
        {lastBackup !== null && (
          <>
            {lastBackup.archiveId === null ? (
              <span>{nameOf(lastBackup.path)}</span>
            ) : (
              <a href={archivePath(lastBackup.archiveId)}>{nameOf(lastBackup.path)}</a>
            )}
            <span class="muted">
              {[
                lastBackup.sizeBytes === null ? [] : format.bytes(lastBackup.sizeBytes),
                backupMs === null ? [] : text.took(format.duration(backupMs)),
              ]
                .flat()
                .join(", ")}
            </span>
          </>
        )}
      </LastCard>
      <LastCard title={text.lastVerify} icon="check" runs={of("verify")} at={of("verify")?.lastSuccess?.startedAt}>
        <LastSubject runs={of("verify")} />
      </LastCard>
      <LastCard title={text.lastDrill} icon="flask" runs={of("drill")} at={of("drill")?.lastSuccess?.startedAt}>
        <LastSubject runs={of("drill")} />
        {recoveryMs !== null && <span class="muted">{text.recoveryIn(format.duration(recoveryMs))}</span>}
      </LastCard>
    </div>
  );
}

type KindRuns = Overview["lastRuns"][number] | undefined;

function LastCard({
  title,
  icon,
  runs,
  at,
  children,
}: {
  title: string;
  icon: IconName;
  runs: KindRuns;
  /** When the last one was that did what it was for. */
  at: string | undefined;
  children: ComponentChildren;
}) {
  const last = runs?.last;
  // What went well is not said twice; what did not is, with the way to it.
  const hasFailed = last !== undefined && last !== null && last.id !== runs?.lastSuccess?.id;
  return (
    <section class="card last-card">
      <h2 class="last-title">
        <Icon name={icon} />
        {title}
      </h2>
      <p class="last-age">{at === undefined ? words.value.common.never : <Moment at={at} show="age" />}</p>
      <div class="last-facts">{children}</div>
      {hasFailed && (
        <a class="last-failed" href={runPath(last.id)}>
          <RunBadge state={last.state} />
          <Moment at={last.startedAt} show="age" />
        </a>
      )}
    </section>
  );
}

function LastSubject({ runs }: { runs: KindRuns }) {
  const last = runs?.lastSuccess;
  if (last === undefined || last === null) return null;
  const [first] = last.subjects;
  return <a href={runPath(last.id)}>{first === undefined ? words.value.common.openRun : nameOf(first)}</a>;
}

function nameOf(path: string): string {
  return path.split("/").findLast((part) => part !== "") ?? path;
}
