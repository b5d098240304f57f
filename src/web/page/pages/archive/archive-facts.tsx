import type { ArchiveDetail, ArchiveRow } from "../../../api/archives.ts";
import { runPath } from "../../router/routes.ts";
import { formats, words } from "../../text/language.ts";
import { Card } from "../../ui/card.tsx";
import { Fact, Facts } from "../../ui/facts.tsx";
import { Moment } from "../../ui/moment.tsx";
import { CheckedBy } from "../archives/checked-by.tsx";

/** What is known of an archive that cannot be opened. */
export function RowFacts({ row }: { row: ArchiveRow }) {
  return (
    <Card title={words.value.archive.facts}>
      <Facts>
        <FactsOfRow row={row} />
      </Facts>
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
      <Facts>
        <FactsOfRow row={archive} />
        <Fact name={text.database}>{detail.database}</Fact>
        <Fact name={text.server}>{detail.server}</Fact>
        <Fact name={text.postgis}>{detail.postgis}</Fact>
        <Fact name={text.encoding}>{detail.encoding}</Fact>
        <Fact name={text.compression}>{detail.compression}</Fact>
        <Fact name={text.rows}>{rows === null ? null : format.count(rows)}</Fact>
        <Fact name={text.migrations}>{migrations === null ? null : format.count(migrations)}</Fact>
        <Fact name={text.excluded}>{excludedRows.join(", ")}</Fact>
        <Fact name={text.signed}>{detail.signed ? text.yes : text.no}</Fact>
        <Fact name={text.writtenBy}>{detail.writtenBy}</Fact>
        <Fact name={text.run}>{runId !== null && <a href={runPath(runId)}>{words.value.runs.number(runId)}</a>}</Fact>
      </Facts>
    </Card>
  );
}

function FactsOfRow({ row }: { row: ArchiveRow }) {
  const text = words.value.archive;
  return (
    <>
      <Fact name={text.made}>
        <Moment at={row.time} />
      </Fact>
      <Fact name={text.size}>{formats.value.bytes(row.sizeBytes)}</Fact>
      <Fact name={text.verified}>{row.verified !== null && <CheckedBy check={row.verified} />}</Fact>
      <Fact name={text.drilled}>{row.drilled !== null && <CheckedBy check={row.drilled} />}</Fact>
      <Fact name={text.instance}>{row.instance}</Fact>
      <Fact name={text.application}>{row.application}</Fact>
      <Fact name={text.path}>
        <span class="path">{row.path}</span>
      </Fact>
    </>
  );
}
