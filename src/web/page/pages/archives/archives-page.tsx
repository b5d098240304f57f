import { useSignal } from "@preact/signals";
import type { ArchiveList, ArchiveRow, Place } from "../../../api/archives.ts";
import { running } from "../../data/live.ts";
import { useResource } from "../../data/resource.ts";
import { isOperator } from "../../data/session.ts";
import { here, setQuery } from "../../router/location.ts";
import { words } from "../../text/language.ts";
import { Button } from "../../ui/button.tsx";
import { SearchField, SelectField } from "../../ui/field.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Loaded } from "../../ui/placeholder.tsx";
import { RunningCard } from "../runs/running-card.tsx";
import { ArchiveTable, columnText } from "./archive-table.tsx";
import { BackupDialog } from "./backup-dialog.tsx";
import { type Choice, choiceOf, chooseRows, type SortKey, sortKeys } from "./choose-rows.ts";
import { Places } from "./places.tsx";
import { RetentionDialog } from "./retention-dialog.tsx";

/** Archives of every configured place. */
export function ArchivesPage() {
  const text = words.value.archives;
  const resource = useResource<ArchiveList>("api/archives");
  const isBackupAsked = useSignal(false);
  const retentionOf = useSignal<Place | undefined>(undefined);
  const backUp = (
    <Button
      kind="primary"
      icon="plus"
      onClick={() => {
        isBackupAsked.value = true;
      }}
    >
      {text.backUp}
    </Button>
  );
  return (
    <>
      <PageHeader title={words.value.common.archives}>{isOperator() && backUp}</PageHeader>
      <div class="stack large">
        {running.value.length > 0 && <RunningCard runs={running.value} />}
        <Loaded from={resource}>
          {(list) => (
            <>
              <Places
                list={list}
                onRetention={(place) => {
                  retentionOf.value = place;
                }}
              />
              {list.archives.length === 0 ? (
                <Empty title={list.places.length === 0 ? text.noPlace : text.empty}>
                  <p class="muted">{list.places.length === 0 ? text.noPlaceAdvice : text.emptyAdvice}</p>
                </Empty>
              ) : (
                <Chosen list={list} />
              )}
            </>
          )}
        </Loaded>
      </div>
      {isBackupAsked.value && (
        <BackupDialog
          onClose={() => {
            isBackupAsked.value = false;
          }}
        />
      )}
      {retentionOf.value !== undefined && (
        <RetentionDialog
          place={retentionOf.value}
          onClose={() => {
            retentionOf.value = undefined;
          }}
        />
      )}
    </>
  );
}

const allStates: readonly ArchiveRow["state"][] = ["complete", "losses", "damaged", "unreadable", "foreign"];

function Chosen({ list }: { list: ArchiveList }) {
  const text = words.value.archives;
  const choice = choiceOf(here.value.query);
  const rows = chooseRows(list.archives, choice);
  const sort = (key: SortKey): void => {
    const isDescending = choice.sort === key ? !choice.isDescending : key !== "name";
    setQuery({ sort: `${isDescending ? "-" : ""}${key}` });
  };
  return (
    <section aria-label={words.value.common.archives}>
      <Filters list={list} choice={choice} shown={rows.length} />
      {rows.length === 0 ? (
        <Empty title={text.nothingFound} icon="search">
          <Button onClick={() => setQuery({ q: "", place: "", state: "" })}>{text.clearFilters}</Button>
        </Empty>
      ) : (
        <ArchiveTable rows={rows} choice={choice} onSort={sort} />
      )}
    </section>
  );
}

function Filters({ list, choice, shown }: { list: ArchiveList; choice: Choice; shown: number }) {
  const text = words.value.archives;
  const states = allStates.filter((state) => list.archives.some((row) => row.state === state));
  return (
    <div class="toolbar">
      <SearchField label={text.search} value={choice.search} onInput={(q) => setQuery({ q })} />
      <SelectField
        label={text.state}
        isLabelHidden
        value={choice.state}
        options={[["", text.allStates], ...states.map((state) => [state, text.states[state]] as const)]}
        onChange={(state) => setQuery({ state })}
      />
      {list.places.length > 1 && (
        <SelectField
          label={text.place}
          isLabelHidden
          value={choice.placeId}
          options={[["", text.allPlaces], ...list.places.map(({ id, name }) => [id, name] as const)]}
          onChange={(place) => setQuery({ place })}
        />
      )}
      <div class="narrow-only">
        <SelectField
          label={text.sort}
          isLabelHidden
          value={choice.sort}
          options={sortKeys.map((key) => [key, `${text.sort}: ${columnText(key)}`] as const)}
          onChange={(key) => setQuery({ sort: `${key === "name" ? "" : "-"}${key}` })}
        />
      </div>
      <p class="muted toolbar-count" role="status">
        {shown === list.archives.length
          ? text.count(shown)
          : text.ofCount(String(shown), text.count(list.archives.length))}
      </p>
    </div>
  );
}
