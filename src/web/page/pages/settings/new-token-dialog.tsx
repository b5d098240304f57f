import { useSignal } from "@preact/signals";
import type { Role } from "../../../api/common.ts";
import type { CreatedToken } from "../../../api/session.ts";
import { type ApiFailure, failureOf } from "../../data/failure.ts";
import { request } from "../../data/request.ts";
import { invalidate } from "../../data/resource.ts";
import { words } from "../../text/language.ts";
import { Button } from "../../ui/button.tsx";
import { Copyable } from "../../ui/copyable.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { SelectField, TextField } from "../../ui/field.tsx";
import { FailureNotice, Notice } from "../../ui/notice.tsx";

/** Makes a token and shows it, this once. */
export function NewTokenDialog({ onClose }: { onClose: () => void }) {
  const text = words.value.settings;
  const created = useSignal<CreatedToken | undefined>(undefined);
  return (
    <Dialog title={text.newToken} onClose={onClose}>
      {created.value === undefined ? (
        <TokenForm
          onCreated={(token) => {
            created.value = token;
          }}
          onClose={onClose}
        />
      ) : (
        <div class="stack">
          <Notice tone="warn" title={text.tokenOnce} role="status" />
          <Copyable label={text.tokenSecret} text={created.value.secret} />
          <div class="dialog-actions">
            <Button kind="primary" onClick={onClose}>
              {text.tokenKept}
            </Button>
          </div>
        </div>
      )}
    </Dialog>
  );
}

function TokenForm({ onCreated, onClose }: { onCreated: (token: CreatedToken) => void; onClose: () => void }) {
  const text = words.value.settings;
  const name = useSignal("");
  const role = useSignal<Role>("viewer");
  const isBusy = useSignal(false);
  const failure = useSignal<ApiFailure | undefined>(undefined);
  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (name.value.trim() === "" || isBusy.value) return;
    isBusy.value = true;
    try {
      const token = await request<CreatedToken>("POST", "api/tokens", { name: name.value.trim(), role: role.value });
      invalidate("api/tokens", "api/audit");
      onCreated(token);
    } catch (error) {
      failure.value = failureOf(error);
      isBusy.value = false;
    }
  };
  return (
    <form class="stack" onSubmit={(event) => void create(event)}>
      <TextField
        label={text.tokenName}
        help={text.tokenNameHelp}
        value={name.value}
        onInput={(value) => {
          name.value = value;
        }}
      />
      <SelectField<Role>
        label={text.role}
        value={role.value}
        options={[
          ["viewer", words.value.common.roles.viewer],
          ["operator", words.value.common.roles.operator],
        ]}
        onChange={(value) => {
          role.value = value;
        }}
      />
      {failure.value !== undefined && <FailureNotice failure={failure.value} />}
      <div class="dialog-actions">
        <Button onClick={onClose}>{words.value.common.cancel}</Button>
        <Button kind="primary" type="submit" isBusy={isBusy.value} disabled={name.value.trim() === ""}>
          {text.createToken}
        </Button>
      </div>
    </form>
  );
}
