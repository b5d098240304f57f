import { useSignal } from "@preact/signals";
import type { RunRow } from "../../../api/runs.ts";
import { request } from "../../data/request.ts";
import { words } from "../../text/language.ts";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";

/** Stops a run, once that is confirmed. */
export function CancelButton({ run: { id, kind } }: { run: RunRow }) {
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
