import { useSignal } from "@preact/signals";
import type { ArchiveChanges, ArchiveDetail, ArchiveList, ContentPart } from "../../../api/archives.ts";
import { useResource } from "../../data/resource.ts";
import { archivePath } from "../../router/routes.ts";
import { formats, words } from "../../text/language.ts";
import { Badge } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import { SelectField } from "../../ui/field.tsx";
import { Loaded } from "../../ui/placeholder.tsx";

/** What has changed against another archive: the one before, unless another is chosen. */
export function Changes({ detail: { archive, previousId } }: { detail: ArchiveDetail }) {
  const text = words.value.archive;
  const against = useSignal(previousId ?? "");
  const list = useResource<ArchiveList>("api/archives").data?.archives ?? [];
  const path = `api/${archivePath(archive.id)}/changes?against=${encodeURIComponent(against.value)}`;
  const resource = useResource<ArchiveChanges>(against.value === "" ? undefined : path);
  const others = list.filter(({ id, state }) => id !== archive.id && state !== "damaged" && state !== "unreadable");
  if (previousId === null && others.length === 0) {
    return (
      <Card title={text.changes}>
        <p class="muted">{text.noPrevious}</p>
      </Card>
    );
  }
  const names = others.map(({ id, name }) => [id, name] as const);
  return (
    <Card title={text.changes}>
      <SelectField
        label={text.against}
        value={against.value}
        options={against.value === "" ? [["", "—"], ...names] : names}
        onChange={(id) => {
          against.value = id;
        }}
      />
      {against.value !== "" && <Loaded from={resource}>{(changes) => <ChangeList changes={changes} />}</Loaded>}
    </Card>
  );
}

function ChangeList({ changes }: { changes: ArchiveChanges }) {
  const text = words.value.archive;
  const format = formats.value;
  const { added, removed, changed, unchanged, filesAdded, filesRemoved, migrationsAdded, migrationsRemoved } = changes;
  const isSame =
    added.length + removed.length + changed.length + filesAdded + filesRemoved === 0 &&
    migrationsAdded.length + migrationsRemoved.length === 0;
  return (
    <>
      {isSame && <p>{text.noChanges}</p>}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, and has to by keyboard too */}
      <ul class="changes" tabIndex={0} aria-label={text.changes}>
        {added.map((part) => (
          <li key={part.what}>
            <Badge tone="ok" icon="plus">
              {text.added}
            </Badge>
            <PartName part={part} />
            <span class="number">{format.bytes(part.plainBytes)}</span>
          </li>
        ))}
        {removed.map((part) => (
          <li key={part.what}>
            <Badge tone="warn" icon="trash">
              {text.removed}
            </Badge>
            <PartName part={part} />
            <span class="number">{format.bytes(part.plainBytes)}</span>
          </li>
        ))}
        {changed.map(({ part, rowsBefore, filesBefore, plainBytesBefore }) => (
          <li key={part.what}>
            <Badge tone="plain" icon={null}>
              {text.changed}
            </Badge>
            <PartName part={part} />
            <span class="number">
              {difference(part.rows, rowsBefore, (count) => text.rowCount(count)) ??
                difference(part.files, filesBefore, (count) => text.fileCount(count)) ??
                difference(part.plainBytes, plainBytesBefore, (bytes) => format.bytes(bytes))}
            </span>
          </li>
        ))}
      </ul>
      <p class="muted">
        {[
          text.unchanged(unchanged),
          filesAdded > 0 ? `${text.filesAdded}: ${format.count(filesAdded)}` : [],
          filesRemoved > 0 ? `${text.filesRemoved}: ${format.count(filesRemoved)}` : [],
          migrationsAdded.length > 0 ? `${text.migrationsAdded}: ${migrationsAdded.join(", ")}` : [],
          migrationsRemoved.length > 0 ? `${text.migrationsRemoved}: ${migrationsRemoved.join(", ")}` : [],
        ]
          .flat()
          .join(" · ")}
      </p>
    </>
  );
}

function PartName({ part: { name, what } }: { part: ContentPart }) {
  return (
    <span class="path" title={what}>
      {name}
    </span>
  );
}

/** `+12 rows`; undefined when there is none. */
function difference(now: number | null, before: number | null, say: (size: number) => string): string | undefined {
  if (now === null || before === null || now === before) return undefined;
  return `${now > before ? "+" : "−"}${say(Math.abs(now - before))}`;
}
