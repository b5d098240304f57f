import { type ArchiveSummary, inspectArchive } from "../operations/list/inspect-archive.ts";
import { accessByNeed } from "../operations/stores/archive-access.ts";
import { formatBytes, formatCount } from "../terminal/format.ts";
import { printable } from "../terminal/printable.ts";
import { formatTable } from "../terminal/table.ts";
import type { CommandContext } from "./command.ts";
import type { DecryptFlags } from "./decrypt-flags.ts";
import { decryptionChoice } from "./decryption-choice.ts";

/** Tables that are listed by name, the largest first. */
const tablesShown = 20;

/** `inspect ARCHIVE`: what an archive holds. */
export default async function inspect(this: CommandContext, flags: DecryptFlags, archive: string): Promise<void> {
  const summary = await inspectArchive(
    archive,
    accessByNeed(flags.config, this, this.output, decryptionChoice(this, flags)),
  );
  this.output.finish({ command: "inspect", archive, ...summary }, describe(archive, summary));
}

function describe(archive: string, summary: ArchiveSummary): string {
  const time = (text: string): string => `${text.slice(0, 19).replace("T", " ")} UTC`;
  const facts: [string, string | null | undefined][] = [
    ["archive", archive],
    ["written by", summary.writtenBy],
    ["encrypted", summary.encrypted ? "yes" : null],
    ["signed", summary.signed ? "yes; verify --signer KEY.pub checks by whom" : null],
    ["snapshot", summary.snapshotAt === null ? null : time(summary.snapshotAt)],
    ["instance", summary.instanceId],
    ["application", summary.application],
    ["database", summary.database],
    ["server", summary.server],
    ["PostGIS", summary.postgis],
    ["encoding", summary.encoding],
    ["compression", summary.compression],
    ...summary.base.map(({ fileName, createdAt, bytes }): [string, string] => [
      "refers to",
      `${fileName} of ${time(createdAt)}: ${formatBytes(bytes)}`,
    ]),
    ["tables", `${formatCount(summary.tables)}${summary.rows === null ? "" : `, ${formatCount(summary.rows)} rows`}`],
    ["rows left out", summary.excludedRows.length === 0 ? null : summary.excludedRows.join(", ")],
    ["large objects", summary.largeObjects === 0 ? null : formatCount(summary.largeObjects)],
    ...summary.components.map(({ component, records, plainBytes }): [string, string] => [
      component,
      `${formatCount(records)} files, ${formatBytes(plainBytes)}`,
    ]),
    ["migrations", summary.migrations === null ? null : `${formatCount(summary.migrations)} applied`],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [`${printable(name).padEnd(width)}  ${printable(value)}`],
  );
  const tables = summary.largestTables.slice(0, tablesShown);
  const table = formatTable(
    [
      { title: "TABLE" },
      { title: "ROWS", align: "right" },
      { title: "SIZE", align: "right" },
      { title: "STORED", align: "right" },
    ],
    tables.map(({ name, rows, plainBytes, storedBytes }) => [
      name,
      rows === null ? "-" : formatCount(rows),
      formatBytes(plainBytes),
      formatBytes(storedBytes),
    ]),
  );
  const losses =
    summary.losses.length === 0 ? [] : ["", "losses:", ...summary.losses.map((loss) => `  ${printable(loss)}`)];
  return `${[...lines, "", ""].join("\n")}${table}${losses.map((line) => `${line}\n`).join("")}`;
}
