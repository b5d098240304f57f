import { useSignal } from "@preact/signals";
import type { ArchiveList } from "../../../api/archives.ts";
import { useResource } from "../../data/resource.ts";
import { words } from "../../text/language.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { CheckField, SelectField, TextField } from "../../ui/field.tsx";
import { startRun } from "./start-run.ts";
import { tagsIn } from "./tags.ts";

/** Starts a backup: where to, with which tags, whole or an increment. */
export function BackupDialog({ onClose }: { onClose: () => void }) {
  const text = words.value.archives;
  const places = useResource<ArchiveList>("api/archives").data?.places ?? [];
  const place = useSignal("");
  const tags = useSignal("");
  const increment = useSignal(false);
  const isWrong = useSignal(false);
  const start = async (): Promise<void> => {
    const list = tagsIn(tags.value);
    if (list === undefined) {
      isWrong.value = true;
      throw new Error(text.tagsWrong);
    }
    await startRun({
      kind: "backup",
      ...(list.length > 0 ? { tags: list } : {}),
      ...(increment.value ? { base: "latest" as const } : {}),
      ...(place.value === "" ? {} : { place: place.value }),
    });
  };
  const options = places.map(
    ({ id, name, isDefault }) => [isDefault ? "" : id, isDefault ? `${name} (${text.defaultPlace})` : name] as const,
  );
  return (
    <ConfirmDialog title={text.startBackup} action={text.start} onConfirm={start} onClose={onClose}>
      <p class="muted">{text.startBackupAbout}</p>
      {options.length > 1 && (
        <SelectField
          label={text.target}
          value={place.value}
          options={options}
          onChange={(value) => {
            place.value = value;
          }}
        />
      )}
      <TextField
        label={text.tags}
        help={text.tagsHelp}
        error={isWrong.value ? text.tagsWrong : undefined}
        value={tags.value}
        onInput={(value) => {
          tags.value = value;
          isWrong.value = false;
        }}
      />
      <CheckField
        label={text.increment}
        help={text.incrementHelp}
        checked={increment.value}
        onChange={(checked) => {
          increment.value = checked;
        }}
      />
    </ConfirmDialog>
  );
}
