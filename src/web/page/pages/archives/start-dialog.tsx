import type { ArchiveList, ArchiveRow } from "../../../api/archives.ts";
import { useResource } from "../../data/resource.ts";
import { words } from "../../text/language.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { newestUsable } from "./choose-rows.ts";
import { startRun } from "./start-run.ts";

/** Asks before a verify or a drill is started. @param archive left out: the newest that is usable */
export function StartDialog({
  kind,
  archive,
  onClose,
}: {
  kind: "verify" | "drill";
  archive?: ArchiveRow;
  onClose: () => void;
}) {
  const text = words.value.archives;
  const list = useResource<ArchiveList>(archive === undefined ? "api/archives" : undefined);
  const chosen = archive ?? newestUsable(list.data?.archives ?? []);
  const start = async (): Promise<void> => {
    if (chosen === undefined) throw new Error(text.empty);
    await startRun(kind === "verify" ? { kind, archiveIds: [chosen.id] } : { kind, archiveId: chosen.id });
  };
  return (
    <ConfirmDialog
      title={kind === "verify" ? text.verify : text.drill}
      action={kind === "verify" ? text.startVerify : text.startDrill}
      onConfirm={start}
      onClose={onClose}
    >
      {chosen !== undefined && <p class="strong path">{chosen.name}</p>}
      <p class="muted">{kind === "verify" ? text.confirmVerify : text.confirmDrill}</p>
    </ConfirmDialog>
  );
}
