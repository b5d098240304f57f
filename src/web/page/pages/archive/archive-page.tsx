import type { ArchiveDetail, ArchiveList, ArchiveRow } from "../../../api/archives.ts";
import type { ApiFailure } from "../../data/failure.ts";
import { type Resource, useResource } from "../../data/resource.ts";
import { isOperator } from "../../data/session.ts";
import { archivePath } from "../../router/routes.ts";
import { words } from "../../text/language.ts";
import { ButtonLink } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Moment } from "../../ui/moment.tsx";
import { FailureNotice, Notice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Loading } from "../../ui/placeholder.tsx";
import { ArchiveActions } from "../archives/archive-actions.tsx";
import { ArchiveBadges } from "../archives/archive-badges.tsx";
import { isUsable } from "../archives/choose-rows.ts";
import { ArchiveChain } from "./archive-chain.tsx";
import { ArchiveFacts, RowFacts } from "./archive-facts.tsx";
import { Changes } from "./changes.tsx";
import { Contents } from "./contents.tsx";

/** One archive: what is in it, and what is to be known of it. */
export function ArchivePage({ id }: { id: string }) {
  const detail = useResource<ArchiveDetail>(`api/${archivePath(id)}`);
  const list = useResource<ArchiveList>("api/archives");
  const row = detail.data?.archive ?? list.data?.archives.find((archive) => archive.id === id);
  const text = words.value;
  return (
    <>
      <PageHeader
        title={row?.name ?? text.common.archives}
        back={{ href: "archives", text: text.archive.back }}
        about={
          row !== undefined && (
            <div class="archive-about">
              <Moment at={row.time} show="both" />
              <ArchiveBadges archive={row} />
            </div>
          )
        }
      >
        {row !== undefined && isOperator() && (
          <>
            {isUsable(row) && (
              <ButtonLink kind="primary" icon="restore" href={`restore?archive=${encodeURIComponent(row.id)}`}>
                {text.archives.restore}
              </ButtonLink>
            )}
            <ArchiveActions archive={row} isOwnPage />
          </>
        )}
      </PageHeader>
      <Inside detail={detail} row={row} />
    </>
  );
}

function Inside({ detail: { data, failure }, row }: { detail: Resource<ArchiveDetail>; row: ArchiveRow | undefined }) {
  if (failure !== undefined && (data === undefined || failure.status === 404)) {
    return <NotOpened failure={failure} row={row} />;
  }
  if (data === undefined) return <Loading />;
  return (
    <div class="stack large">
      {data.archive.missingBase.length > 0 && (
        <Notice tone="bad" title={words.value.archives.missingBase}>
          <p>{words.value.archives.missingBaseHelp(data.archive.missingBase.join(", "))}</p>
        </Notice>
      )}
      {data.losses.length > 0 && <Losses losses={data.losses} />}
      <Contents detail={data} />
      <div class="halves">
        <ArchiveFacts detail={data} />
        <div class="stack large">
          {data.chain.length > 0 && <ArchiveChain chain={data.chain} />}
          <Changes detail={data} />
        </div>
      </div>
    </div>
  );
}

function NotOpened({ failure, row }: { failure: ApiFailure; row: ArchiveRow | undefined }) {
  const text = words.value.archive;
  if (failure.status === 404) {
    return (
      <Empty title={text.goneTitle}>
        <ButtonLink href="archives">{text.back}</ButtonLink>
      </Empty>
    );
  }
  const title =
    row?.state === "damaged" ? text.damagedTitle : row?.state === "unreadable" ? text.unreadableTitle : text.cannotOpen;
  const advice =
    row?.state === "unreadable" ? text.unreadableAdvice : row?.state === "damaged" ? text.damagedAdvice : undefined;
  return (
    <div class="stack large">
      <FailureNotice failure={failure} title={title} actions={advice !== undefined && <p>{advice}</p>} />
      {row !== undefined && <RowFacts row={row} />}
    </div>
  );
}

function Losses({ losses }: { losses: readonly string[] }) {
  const text = words.value.archive;
  return (
    <Card title={`${text.losses}: ${losses.length}`} about={text.lossesAbout}>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, and has to by keyboard too */}
      <ul class="code-list" tabIndex={0} aria-label={text.losses}>
        {losses.map((loss) => (
          <li key={loss}>{loss}</li>
        ))}
      </ul>
    </Card>
  );
}
