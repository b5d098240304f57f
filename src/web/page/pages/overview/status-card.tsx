import { useSignal } from "@preact/signals";
import type { Overview } from "../../../api/overview.ts";
import { present } from "../../data/clock.ts";
import { isOperator } from "../../data/session.ts";
import { archivePath, runPath } from "../../router/routes.ts";
import { formats, words } from "../../text/language.ts";
import { Button, ButtonLink } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Hints } from "../../ui/notice.tsx";
import { type Tone, findingTones, toneIcons } from "../../ui/tone.ts";
import { BackupDialog } from "../archives/backup-dialog.tsx";
import { StartDialog } from "../archives/start-dialog.tsx";
import { type Judgement, type Remedy, judge } from "./judgement.ts";

/** One sentence and colour on whether all is well, and what to do if not. */
export function StatusCard({ overview }: { overview: Overview }) {
  const judgements = judge({ ...overview, at: new Date(present()).toISOString() }, words.value, formats.value);
  const worst = judgements[0];
  const tone: Tone = worst === undefined ? "ok" : findingTones[worst.level];
  return (
    <section class={`status ${tone}`} aria-labelledby="status-title">
      <div class="status-icon">
        <Icon name={tone === "ok" ? "shield" : toneIcons[tone]} size={30} />
      </div>
      <div class="status-body">
        {worst === undefined ? (
          <AllWell overview={overview} />
        ) : judgements.length === 1 ? (
          <>
            <h2 id="status-title">{worst.sentence}</h2>
            <Advice judgement={worst} isFirst />
          </>
        ) : (
          <Several judgements={judgements} />
        )}
      </div>
    </section>
  );
}

function AllWell({ overview }: { overview: Overview }) {
  const text = words.value.overview;
  const format = formats.value;
  const { lastBackup, lastRuns } = overview;
  const recoveryMs = lastRuns.find(({ kind }) => kind === "drill")?.lastSuccess?.recoveryMs ?? null;
  return (
    <>
      <h2 id="status-title">{text.allWell}</h2>
      <p>
        {lastBackup !== null && text.allWellSince(format.relative(Date.parse(lastBackup.at), present()))}{" "}
        {recoveryMs !== null && text.inTime(format.duration(recoveryMs))}
      </p>
    </>
  );
}

function Several({ judgements }: { judgements: readonly Judgement[] }) {
  const text = words.value.overview;
  const due = judgements.filter(({ level }) => level === "fail").length;
  return (
    <>
      <h2 id="status-title">{due > 0 ? text.attention(judgements.length) : text.look(judgements.length)}</h2>
      <ul class="status-list">
        {judgements.map((judgement, index) => (
          <li key={judgement.check} class={findingTones[judgement.level]}>
            <Icon name={toneIcons[findingTones[judgement.level]]} />
            <div>
              <p class="status-sentence">{judgement.sentence}</p>
              <Advice judgement={judgement} isFirst={index === 0} />
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

/** @param isFirst what to do first stands out */
function Advice({ judgement: { advice, hint, remedy }, isFirst }: { judgement: Judgement; isFirst: boolean }) {
  return (
    <div class="status-advice">
      {advice !== undefined && <p>{advice}</p>}
      {hint !== undefined && <Hints lines={[hint]} />}
      {remedy !== undefined && <RemedyButton remedy={remedy} isFirst={isFirst} />}
    </div>
  );
}

function RemedyButton({ remedy, isFirst }: { remedy: Remedy; isFirst: boolean }) {
  const text = words.value.overview;
  const isAsked = useSignal(false);
  const close = (): void => {
    isAsked.value = false;
  };
  if (remedy.do === "open") {
    if (remedy.what === "run") return <ButtonLink href={runPath(remedy.id)}>{words.value.common.openRun}</ButtonLink>;
    if (remedy.what === "archives") return <ButtonLink href="archives">{text.seeArchives}</ButtonLink>;
    return <ButtonLink href={archivePath(remedy.id)}>{text.openArchive}</ButtonLink>;
  }
  if (!isOperator()) return null;
  const names = { backup: text.backUpNow, verify: text.verifyNewest, drill: text.drillNewest };
  return (
    <>
      <Button
        kind={isFirst ? "primary" : "plain"}
        onClick={() => {
          isAsked.value = true;
        }}
      >
        {names[remedy.do]}
      </Button>
      {isAsked.value && remedy.do === "backup" && <BackupDialog onClose={close} />}
      {isAsked.value && remedy.do !== "backup" && <StartDialog kind={remedy.do} onClose={close} />}
    </>
  );
}
