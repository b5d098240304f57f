import { useSignal } from "@preact/signals";
import type { Overview } from "../../../api/overview.ts";
import type { Kept } from "../../../api/runs.ts";
import { useResource } from "../../data/resource.ts";
import { formats, words } from "../../text/language.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Loaded } from "../../ui/placeholder.tsx";
import { startRun } from "../archives/start-run.ts";

/** The state from before the last restore, and the way back to it. */
export function UndoCard() {
  const kept = useResource<Kept>("api/kept");
  return (
    <Card title={words.value.restore.undoTitle}>
      <Loaded from={kept}>
        {(state) => (state === null ? <p class="muted">{words.value.restore.noKept}</p> : <KeptState kept={state} />)}
      </Loaded>
    </Card>
  );
}

function KeptState({ kept: { createdAt, keptUntil } }: { kept: NonNullable<Kept> }) {
  const text = words.value.restore;
  const format = formats.value;
  const isAsked = useSignal(false);
  const instance = useResource<Overview>("api/overview").data?.instance.name;
  return (
    <>
      <p>
        {text.undoAbout(format.dateTime(Date.parse(createdAt)))}{" "}
        {keptUntil === null ? text.keptForever : text.keptUntil(format.dateTime(Date.parse(keptUntil)))}
      </p>
      {instance !== undefined && (
        <div>
          <Button
            icon="undo"
            onClick={() => {
              isAsked.value = true;
            }}
          >
            {text.undo}…
          </Button>
        </div>
      )}
      {isAsked.value && instance !== undefined && (
        <ConfirmDialog
          title={text.undoTitle}
          action={text.undoNow}
          kind="danger"
          typed={instance}
          onConfirm={() => startRun({ kind: "undo", confirm: instance })}
          onClose={() => {
            isAsked.value = false;
          }}
        >
          <p>{text.undoConfirm}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
