import type { ArchiveList } from "../../../api/archives.ts";
import { useResource } from "../../data/resource.ts";
import { isOperator } from "../../data/session.ts";
import { here } from "../../router/location.ts";
import { words } from "../../text/language.ts";
import { PageHeader } from "../../ui/page-header.tsx";
import { Loaded, OnlyOperators } from "../../ui/placeholder.tsx";
import { ChooseArchive } from "./choose-archive.tsx";
import { PlanView } from "./plan-view.tsx";
import { UndoCard } from "./undo-card.tsx";

/** Brings an archive back: chosen, planned, and confirmed by typing. */
export function RestorePage() {
  const text = words.value;
  const id = here.value.query.get("archive");
  return (
    <>
      <PageHeader
        title={text.common.restore}
        about={id === null ? text.restore.about : undefined}
        {...(id === null ? {} : { back: { href: "restore", text: text.restore.chooseOther } })}
      />
      {isOperator() ? <Steps id={id} /> : <OnlyOperators />}
    </>
  );
}

function Steps({ id }: { id: string | null }) {
  const list = useResource<ArchiveList>("api/archives");
  if (id !== null) {
    return <PlanView archiveId={id} archive={list.data?.archives.find((archive) => archive.id === id)} />;
  }
  return (
    <div class="stack large">
      <Loaded from={list}>{({ archives }) => <ChooseArchive archives={archives} />}</Loaded>
      <UndoCard />
    </div>
  );
}
