import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { ArchiveDetail, ContentPart } from "../../../api/archives.ts";
import { Treemap } from "../../charts/treemap.tsx";
import { formats, words } from "../../text/language.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { SearchField } from "../../ui/field.tsx";
import { Empty } from "../../ui/placeholder.tsx";

const shownAtFirst = 25;

/** What is in an archive, as a treemap and as a table. */
export function Contents({ detail: { parts, partsLeftOut } }: { detail: ArchiveDetail }) {
  const text = words.value.archive;
  const filter = useSignal("");
  const isAllShown = useSignal(false);
  const table = useRef<HTMLDivElement>(null);
  const wanted = filter.value.trim().toLowerCase();
  const found = parts.filter(({ name, what }) => `${name}\n${what}`.toLowerCase().includes(wanted));
  const shown = isAllShown.value ? found : found.slice(0, shownAtFirst);
  const choose = (name: string): void => {
    if (!parts.some((part) => part.name === name)) return;
    filter.value = name;
    table.current?.scrollIntoView({ block: "nearest" });
  };
  return (
    <Card title={text.contents}>
      <Treemap parts={parts} onChoose={choose} />
      <div class="toolbar" ref={table}>
        <SearchField
          label={text.filter}
          value={filter.value}
          onInput={(value) => {
            filter.value = value;
          }}
        />
        <p class="muted toolbar-count" role="status">
          {words.value.archives.ofCount(formats.value.count(found.length), formats.value.count(parts.length))}
        </p>
      </div>
      {found.length === 0 ? <Empty title={text.nothingFound} icon="search" /> : <PartTable parts={shown} />}
      {found.length > shown.length && (
        <Button
          kind="quiet"
          icon="down"
          onClick={() => {
            isAllShown.value = true;
          }}
        >
          {text.showAll(formats.value.count(found.length))}
        </Button>
      )}
      {partsLeftOut > 0 && <p class="muted">{text.partsLeftOut(partsLeftOut)}</p>}
    </Card>
  );
}

function PartTable({ parts }: { parts: readonly ContentPart[] }) {
  const text = words.value.archive;
  const format = formats.value;
  return (
    <table class="rows parts">
      <thead>
        <tr>
          <th scope="col">{text.part}</th>
          <th scope="col">{text.kind}</th>
          <th scope="col" class="number">
            {text.rowsFiles}
          </th>
          <th scope="col" class="number">
            {text.plain}
          </th>
          <th scope="col" class="number">
            {text.stored}
          </th>
        </tr>
      </thead>
      <tbody>
        {parts.map((part) => (
          <tr key={`${part.kind} ${part.what}`}>
            <th scope="row" class="row-name">
              {part.name}
              {part.what !== part.name && <span class="muted what">{part.what}</span>}
            </th>
            <td data-label={text.kind}>
              <span class="part-kind">
                <span class={`swatch kind-${part.kind}`} />
                {text.kinds[part.kind]}
              </span>
            </td>
            <td data-label={text.rowsFiles} class="number">
              {[
                part.rows === null ? [] : text.rowCount(part.rows),
                part.files === null ? [] : text.fileCount(part.files),
              ]
                .flat()
                .join(", ")}
            </td>
            <td data-label={text.plain} class="number">
              {format.bytes(part.plainBytes)}
            </td>
            <td data-label={text.stored} class="number">
              {format.bytes(part.storedBytes)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
