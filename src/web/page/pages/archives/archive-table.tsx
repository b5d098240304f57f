import type { ArchiveRow } from "../../../api/archives.ts";
import { isOperator } from "../../data/session.ts";
import { archivePath } from "../../router/routes.ts";
import { formats, words } from "../../text/language.ts";
import { Moment } from "../../ui/moment.tsx";
import { SortHeader } from "../../ui/sort-header.tsx";
import { ArchiveActions } from "./archive-actions.tsx";
import { ArchiveBadges } from "./archive-badges.tsx";
import { CheckedBy } from "./checked-by.tsx";
import type { Choice, SortKey } from "./choose-rows.ts";

/** The list of archives; on a narrow screen each row is a card. */
export function ArchiveTable({
  rows,
  choice,
  onSort,
}: {
  rows: readonly ArchiveRow[];
  choice: Choice;
  onSort: (key: SortKey) => void;
}) {
  const text = words.value.archives;
  const header = (key: SortKey, isNumber = false) => (
    <SortHeader
      text={columnText(key)}
      sorted={choice.sort === key ? (choice.isDescending ? "descending" : "ascending") : undefined}
      isNumber={isNumber}
      onSort={() => onSort(key)}
    />
  );
  return (
    <table class="rows archive-rows">
      <thead>
        <tr>
          {header("name")}
          {header("time")}
          {header("size", true)}
          {header("state")}
          {header("verified")}
          {header("drilled")}
          {isOperator() && (
            <th scope="col">
              <span class="visually-hidden">{words.value.common.more}</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <th scope="row" class="row-name">
              <a href={archivePath(row.id)} title={row.name}>
                {row.name.replace(/\.ngwbackup$/, "")}
              </a>
            </th>
            <td data-label={text.time}>
              <Moment at={row.time} show="age" />
            </td>
            <td data-label={text.size} class="number">
              {formats.value.bytes(row.sizeBytes)}
            </td>
            <td data-label={text.state}>
              <ArchiveBadges archive={row} isShort />
            </td>
            <td data-label={text.verified} class={row.verified === null ? "blank" : undefined}>
              <CheckedBy check={row.verified} />
            </td>
            <td data-label={text.drilled} class={row.drilled === null ? "blank" : undefined}>
              <CheckedBy check={row.drilled} />
            </td>
            {isOperator() && (
              <td class="row-actions">
                <ArchiveActions archive={row} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What a column is called. */
export function columnText(key: SortKey): string {
  return words.value.archives[key];
}
