import type { Plan } from "../../../api/runs.ts";
import { formats, words } from "../../text/language.ts";
import { Card } from "../../ui/card.tsx";
import { Moment } from "../../ui/moment.tsx";

/** What is there now against what comes instead. */
export function Replaced({ plan: { present, coming, estimateMs } }: { plan: Plan }) {
  const text = words.value.restore;
  const format = formats.value;
  const count = (value: number | null | undefined): string =>
    value === null || value === undefined ? "—" : format.count(value);
  const bytes = (value: number | null | undefined): string =>
    value === null || value === undefined ? "—" : format.bytes(value);
  const rows: [name: string, now: string, next: string][] = [
    [text.tables, count(present?.tables), count(coming?.tables)],
    [text.rows, "—", count(coming?.rows)],
    [text.databaseSize, bytes(present?.databaseBytes), "—"],
    [text.files, count(present?.files), count(coming?.files)],
    [text.fileSize, bytes(present?.fileBytes), bytes(coming?.fileBytes)],
  ];
  return (
    <Card title={text.replaced}>
      <table class="replaced">
        <thead>
          <tr>
            <th scope="col">
              <span class="visually-hidden">{words.value.common.details}</span>
            </th>
            <th scope="col" class="number">
              {text.present}
            </th>
            <th scope="col" class="number">
              {text.coming}
            </th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">{text.database}</th>
            <td class="number">{present?.database ?? "—"}</td>
            <td class="number">{present?.database ?? "—"}</td>
          </tr>
          <tr>
            <th scope="row">{text.moment}</th>
            <td class="number">{text.now}</td>
            <td class="number">{coming?.snapshotAt ? <Moment at={coming.snapshotAt} /> : "—"}</td>
          </tr>
          {rows
            .filter(([, now, next]) => now !== "—" || next !== "—")
            .map(([name, now, next]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="number">{now}</td>
                <td class="number strong">{next}</td>
              </tr>
            ))}
        </tbody>
      </table>
      <p class="between estimate">
        <span>{text.estimate}</span>
        <strong class="number">{estimateMs === null ? text.estimateUnknown : format.duration(estimateMs)}</strong>
      </p>
    </Card>
  );
}
