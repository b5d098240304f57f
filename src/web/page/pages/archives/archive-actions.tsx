import { useSignal } from "@preact/signals";
import type { ArchiveRow } from "../../../api/archives.ts";
import { request } from "../../data/request.ts";
import { invalidate } from "../../data/resource.ts";
import { isOperator } from "../../data/session.ts";
import { go } from "../../router/location.ts";
import { archivePath } from "../../router/routes.ts";
import { words } from "../../text/language.ts";
import { announce } from "../../ui/announcer.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Menu, MenuButton, MenuLink } from "../../ui/menu.tsx";
import { isUsable } from "./choose-rows.ts";
import { StartDialog } from "./start-dialog.tsx";

/** All that can be done with an archive, behind a button. Nothing for viewers. */
export function ArchiveActions({ archive, isOwnPage = false }: { archive: ArchiveRow; isOwnPage?: boolean }) {
  const text = words.value.archives;
  const asked = useSignal<"verify" | "drill" | "remove" | undefined>(undefined);
  if (!isOperator()) return null;
  const ask = (what: typeof asked.value) => (): void => {
    asked.value = what;
  };
  return (
    <>
      <Menu name={words.value.common.actionsFor(archive.name)} icon="more">
        <MenuButton icon="check" onClick={ask("verify")}>
          {text.verify}
        </MenuButton>
        {isUsable(archive) && (
          <>
            <MenuButton icon="flask" onClick={ask("drill")}>
              {text.drill}
            </MenuButton>
            <MenuLink icon="restore" href={`restore?archive=${encodeURIComponent(archive.id)}`}>
              {text.restore}
            </MenuLink>
          </>
        )}
        <MenuLink icon="download" href={`api/${archivePath(archive.id)}/download`} isDownload>
          {text.download}
        </MenuLink>
        <MenuButton icon="trash" isDangerous onClick={ask("remove")}>
          {text.remove}
        </MenuButton>
      </Menu>
      {asked.value === "remove" && <RemoveDialog archive={archive} isOwnPage={isOwnPage} onClose={ask(undefined)} />}
      {(asked.value === "verify" || asked.value === "drill") && (
        <StartDialog kind={asked.value} archive={archive} onClose={ask(undefined)} />
      )}
    </>
  );
}

function RemoveDialog({
  archive,
  isOwnPage,
  onClose,
}: {
  archive: ArchiveRow;
  isOwnPage: boolean;
  onClose: () => void;
}) {
  const text = words.value.archives;
  const remove = async (): Promise<void> => {
    await request("DELETE", `api/${archivePath(archive.id)}`, { confirm: archive.name });
    announce(text.removed(archive.name));
    if (isOwnPage) go("archives", "replace");
    invalidate("api/archives", "api/overview", "api/retention");
  };
  return (
    <ConfirmDialog
      title={text.removeTitle}
      action={text.removeNow}
      kind="danger"
      typed={archive.name}
      onConfirm={remove}
      onClose={onClose}
    >
      <p>{text.removeAbout}</p>
    </ConfirmDialog>
  );
}
