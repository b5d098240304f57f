import type { ArchiveList } from "../../../api/archives.ts";
import type { RunRow } from "../../../api/runs.ts";
import { useResource } from "../../data/resource.ts";
import { archivePath } from "../../router/routes.ts";
import { formats, words } from "../../text/language.ts";
import { Card } from "../../ui/card.tsx";
import { Fact, Facts } from "../../ui/facts.tsx";
import { Moment } from "../../ui/moment.tsx";

/** What is to be known of a run. */
export function RunFacts({ run }: { run: RunRow }) {
  const text = words.value.runs;
  const format = formats.value;
  return (
    <Card title={words.value.archive.facts}>
      <Facts>
        <Fact name={text.started}>
          <Moment at={run.startedAt} />
        </Fact>
        <Fact name={text.ended}>{run.endedAt !== null && <Moment at={run.endedAt} />}</Fact>
        <Fact name={text.took}>{run.durationMs !== null && format.duration(run.durationMs)}</Fact>
        <Fact name={text.recovery}>{run.recoveryMs !== null && format.duration(run.recoveryMs)}</Fact>
        <Fact name={text.size}>{run.sizeBytes !== null && format.bytes(run.sizeBytes)}</Fact>
        <Fact name={text.losses}>{run.losses > 0 && format.count(run.losses)}</Fact>
        <Fact name={text.subject}>{run.subjects.length > 0 && <Subjects subjects={run.subjects} />}</Fact>
        <Fact name={text.startedBy}>{run.startedBy ?? text.byItself}</Fact>
        <Fact name={text.exitCode}>{run.exitCode === null ? null : String(run.exitCode)}</Fact>
        <Fact name={text.host}>{run.host}</Fact>
        <Fact name={text.version}>{run.version}</Fact>
      </Facts>
    </Card>
  );
}

/** Archives that are still in a configured place lead to their pages. */
function Subjects({ subjects }: { subjects: readonly string[] }) {
  const list = useResource<ArchiveList>("api/archives").data?.archives ?? [];
  return (
    <>
      {subjects.map((subject) => {
        const id = list.find(({ path }) => path === subject)?.id;
        return (
          <span key={subject} class="path subject-line">
            {id === undefined ? subject : <a href={archivePath(id)}>{subject}</a>}
          </span>
        );
      })}
    </>
  );
}
