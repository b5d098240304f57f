import { useSignal } from "@preact/signals";
import type { Plan } from "../../../api/runs.ts";
import { formats, words } from "../../text/language.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { CheckField, SelectField } from "../../ui/field.tsx";
import { startRun } from "../archives/start-run.ts";

/** How a restore is to be done. */
export interface RestoreChoices {
  /** Null: chosen by the server. */
  way: Plan["way"];
  withService: boolean;
  migrate: boolean;
}

/** The choices that a restore leaves, and the way into it. */
export function PlanChoices({
  plan,
  choices,
  onChange,
}: {
  plan: Plan;
  choices: RestoreChoices;
  onChange: (choices: RestoreChoices) => void;
}) {
  const text = words.value.restore;
  const isAsked = useSignal(false);
  const { way, service, pendingMigrations } = plan;
  const options = [
    ["", `${text.ways.auto}${choices.way === null && way !== null ? `: ${text.ways[way].toLowerCase()}` : ""}`],
    ["side-by-side", text.ways["side-by-side"]],
    ["in-place", text.ways["in-place"]],
  ] as const;
  const shownWay = choices.way ?? way;
  return (
    <Card title={text.options}>
      <div class="stack plan-options">
        <SelectField
          label={text.way}
          value={choices.way ?? ""}
          options={options}
          onChange={(value) => onChange({ ...choices, way: value === "" ? null : value })}
        />
        {shownWay !== null && <p class="help">{text.wayHelp[shownWay]}</p>}
        {service === null ? (
          <p class="muted">{text.noService}</p>
        ) : (
          <CheckField
            label={text.withService(service)}
            help={text.withServiceHelp}
            checked={choices.withService}
            onChange={(withService) => onChange({ ...choices, withService })}
          />
        )}
        {pendingMigrations !== null && (
          <CheckField
            label={text.migrate}
            help={text.migrateHelp(pendingMigrations)}
            checked={choices.migrate && pendingMigrations > 0}
            disabled={pendingMigrations === 0}
            onChange={(migrate) => onChange({ ...choices, migrate })}
          />
        )}
        {plan.state === "possible" && (
          <div>
            <Button
              kind="danger"
              icon="restore"
              onClick={() => {
                isAsked.value = true;
              }}
            >
              {text.go}…
            </Button>
          </div>
        )}
      </div>
      {isAsked.value && (
        <GoDialog
          plan={plan}
          choices={choices}
          onClose={() => {
            isAsked.value = false;
          }}
        />
      )}
    </Card>
  );
}

function GoDialog({ plan, choices, onClose }: { plan: Plan; choices: RestoreChoices; onClose: () => void }) {
  const text = words.value.restore;
  const { archiveId, instanceName, coming, service, pendingMigrations } = plan;
  const moment = coming?.snapshotAt ? formats.value.dateTime(Date.parse(coming.snapshotAt)) : "…";
  const start = (): Promise<void> =>
    startRun({
      kind: "restore",
      archiveId,
      ...(choices.way === null ? {} : { way: choices.way }),
      withService: service !== null && choices.withService,
      migrate: choices.migrate && (pendingMigrations ?? 0) > 0,
      confirm: instanceName,
    });
  return (
    <ConfirmDialog
      title={text.goTitle}
      action={text.goNow}
      kind="danger"
      typed={instanceName}
      onConfirm={start}
      onClose={onClose}
    >
      <p>{text.goAbout(instanceName, moment)}</p>
    </ConfirmDialog>
  );
}
