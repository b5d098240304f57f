import { useSignal } from "@preact/signals";
import type { ArchiveRow } from "../../../api/archives.ts";
import type { Plan } from "../../../api/runs.ts";
import { useFollowedPlan } from "../../data/follow-plan.ts";
import { formats, words } from "../../text/language.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Moment } from "../../ui/moment.tsx";
import { FailureNotice, Notice } from "../../ui/notice.tsx";
import { Loading } from "../../ui/placeholder.tsx";
import { ProgressBar } from "../../ui/progress.tsx";
import { ArchiveBadges } from "../archives/archive-badges.tsx";
import { Checks } from "./checks.tsx";
import { PlanChoices, type RestoreChoices } from "./plan-choices.tsx";
import { Replaced } from "./replaced.tsx";

/** What a restore of an archive would do, checked live, with the choices there are. */
export function PlanView({ archiveId, archive }: { archiveId: string; archive: ArchiveRow | undefined }) {
  const choices = useSignal<RestoreChoices>({ way: null, withService: true, migrate: false });
  const { plan, failure, again } = useFollowedPlan(archiveId, choices.value.way ?? undefined);
  const retry = (
    <Button icon="undo" onClick={again}>
      {words.value.restore.checkAgain}
    </Button>
  );
  return (
    <div class="stack large">
      {archive !== undefined && (
        <div class="card chosen">
          <div>
            <p class="strong path">{archive.name}</p>
            <p class="muted">
              <Moment at={archive.time} show="both" /> · {formats.value.bytes(archive.sizeBytes)}
            </p>
          </div>
          <ArchiveBadges archive={archive} />
        </div>
      )}
      {failure !== undefined && (
        <FailureNotice failure={failure} title={words.value.restore.planFailed} actions={retry} />
      )}
      {failure === undefined && plan === undefined && <Loading />}
      {plan !== undefined && (
        <>
          <Verdict plan={plan} onAgain={again} />
          {plan.findings.length > 0 && <Checks findings={plan.findings} isDone={plan.state !== "running"} />}
          {(plan.present !== null || plan.coming !== null) && <Replaced plan={plan} />}
          {plan.state !== "running" && (
            <PlanChoices
              plan={plan}
              choices={choices.value}
              onChange={(changed) => {
                choices.value = changed;
              }}
            />
          )}
        </>
      )}
    </div>
  );
}

function Verdict({ plan, onAgain }: { plan: Plan; onAgain: () => void }) {
  const text = words.value.restore;
  const warnings = plan.findings.filter(({ level }) => level === "warn").length;
  const again = (
    <Button icon="undo" onClick={onAgain}>
      {text.checkAgain}
    </Button>
  );
  switch (plan.state) {
    case "running":
      return (
        <Card title={text.planning} about={text.planningAbout}>
          <ProgressBar progress={plan.progress} />
        </Card>
      );
    case "possible":
      return (
        <Notice tone={warnings === 0 ? "ok" : "warn"} title={text.possible} role="status">
          <p>{text.possibleAbout(warnings)}</p>
        </Notice>
      );
    case "refused":
      return (
        <Notice tone="bad" title={text.refused} role="status" hints={plan.error?.hints ?? []} actions={again}>
          <p>{plan.findings.length === 0 && plan.error !== null ? plan.error.message : text.refusedAbout}</p>
        </Notice>
      );
    case "failed":
      return (
        <Notice tone="bad" title={text.planFailed} role="alert" hints={plan.error?.hints ?? []} actions={again}>
          <p>{plan.error?.message}</p>
        </Notice>
      );
    default:
      return null;
  }
}
