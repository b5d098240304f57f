import type { ArchiveDetail, ArchiveRow } from "../../../api/archives.ts";
import { runPath } from "../../router/routes.ts";
import { formats, words } from "../../text/language.ts";
import { Card } from "../../ui/card.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Moment } from "../../ui/moment.tsx";
import { CheckedBy } from "../archives/checked-by.tsx";

/** What is known of an archive that cannot be opened. */
export function RowFacts({ row }: { row: ArchiveRow }) {
  const text = words.value.archive;
  return (
    <Card title={text.facts}>
      <Facts
        facts={[
          [text.made, <Moment key="" at={row.time} />],
          [text.size, formats.value.bytes(row.sizeBytes)],
          [text.verified, row.verified && <CheckedBy check={row.verified} />],
          [text.drilled, row.drilled && <CheckedBy check={row.drilled} />],
          [text.instance, row.instance],
          [text.application, row.application],
          [text.path, <span key="" class="path">{row.path}</span>],
        ]}
      />
    </Card>
  );
}

/** What is to be known of an archive besides its contents. */
export function ArchiveFacts({ detail }: { detail: ArchiveDetail }) {
  const text = words.value.archive;
  const format = formats.value;
  const { archive, runId, rows, migrations, excludedRows } = detail;
  return (
    <Card title={text.facts}>
      <Facts
        facts={[
          [text.made, <Moment key="" at={archive.time} />],
          [text.size, format.bytes(archive.sizeBytes)],
          [text.verified, archive.verified && <CheckedBy check={archive.verified} />],
          [text.drilled, archive.drilled && <CheckedBy check={archive.drilled} />],
          [text.instance, archive.instance],
          [text.application, archive.application],
          [text.database, detail.database],
          [text.server, detail.server],
          [text.postgis, detail.postgis],
          [text.encoding, detail.encoding],
          [text.compression, detail.compression],
          [text.rows, rows === null ? null : format.count(rows)],
          [text.migrations, migrations === null ? null : format.count(migrations)],
          [text.excluded, excludedRows.join(", ")],
          [text.signed, detail.signed ? text.yes : text.no],
          [text.writtenBy, detail.writtenBy],
          [text.path, <span key="" class="path">{archive.path}</span>],
          [
            text.run,
            runId !== null && (
              <a key="" href={runPath(runId)}>
                {words.value.runs.number(runId)}
              </a>
            ),
          ],
        ]}
      />
    </Card>
  );
}
