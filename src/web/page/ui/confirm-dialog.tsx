import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { type ApiFailure, failureOf } from "../data/failure.ts";
import { words } from "../text/language.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { TextField } from "./field.tsx";
import { FailureNotice } from "./notice.tsx";

/** Asks before something is done; does it, shows why it could not be done, and closes when it was. */
export function ConfirmDialog({
  title,
  children,
  action,
  kind = "primary",
  typed,
  onConfirm,
  onClose,
}: {
  title: string;
  children?: ComponentChildren;
  /** What the button says. */
  action: string;
  kind?: "primary" | "danger";
  /** Has to be typed, where it cannot be taken back. */
  typed?: string;
  onConfirm: () => Promise<void>;
  onClose: () => void;
}) {
  const text = words.value.common;
  const input = useSignal("");
  const wrong = useSignal(false);
  const busy = useSignal(false);
  const failure = useSignal<ApiFailure | undefined>(undefined);
  const confirm = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy.value) return;
    wrong.value = typed !== undefined && input.value.trim() !== typed;
    if (wrong.value) return;
    busy.value = true;
    failure.value = undefined;
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      failure.value = failureOf(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={(event) => void confirm(event)}>
        {children}
        {typed !== undefined && (
          <TextField
            label={text.typeToConfirm(typed)}
            value={input.value}
            error={wrong.value ? text.typedWrong(typed) : undefined}
            autocomplete="off"
            onInput={(value) => {
              input.value = value;
              wrong.value = false;
            }}
          />
        )}
        {failure.value !== undefined && <FailureNotice failure={failure.value} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button kind={kind} type="submit" isBusy={busy.value}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
