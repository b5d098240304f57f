import { accessByNeed } from "../operations/stores/archive-access.ts";
import { viewArchive } from "../operations/view/archive-view.ts";
import { type ArchiveChanges, compareViews } from "../operations/view/compare-views.ts";
import type { ArchivePart } from "../operations/view/part-sums.ts";
import { formatBytes, formatCount } from "../terminal/format.ts";
import { printable } from "../terminal/printable.ts";
import { formatTable } from "../terminal/table.ts";
import type { CommandContext } from "./command.ts";
import type { DecryptFlags } from "./decrypt-flags.ts";
import { decryptionChoice } from "./decryption-choice.ts";

/** `diff A B`: a line for each part that B has and A has not, the other way round, or that holds something else. */
export default async function diff(
  this: CommandContext,
  flags: DecryptFlags,
  older: string,
  newer: string,
): Promise<void> {
  const access = accessByNeed(flags.config, this, this.output, decryptionChoice(this, flags));
  const before = await viewArchive(older, access);
  const changes = compareViews(await viewArchive(newer, access), before);
  const { added, removed, changed, ...rest } = changes;
  this.output.note(summaryText(changes));
  this.output.finish(
    {
      command: "diff",
      older,
      newer,
      added: added.map(recordOf),
      removed: removed.map(recordOf),
      changed: changed.map((part) => ({ ...recordOf(part.now), before: recordOf(part.before) })),
      ...rest,
    },
    added.length + removed.length + changed.length === 0 ? undefined : tableOf(changes),
  );
}

function recordOf(part: ArchivePart): Omit<ArchivePart, "digests"> {
  const { kind, name, what, rows, files, plainBytes, storedBytes } = part;
  return { kind, name, what, rows, files, plainBytes, storedBytes };
}

function tableOf({ added, removed, changed }: ArchiveChanges): string {
  return formatTable(
    [
      { title: "CHANGE" },
      { title: "KIND" },
      { title: "NAME" },
      { title: "ROWS OR FILES", align: "right" },
      { title: "SIZE", align: "right" },
      { title: "WHERE" },
    ],
    [
      ...added.map((part) => lineOf("added", part, [part])),
      ...removed.map((part) => lineOf("removed", part, [part])),
      ...changed.map(({ now, before }) => lineOf("changed", now, [before, now])),
    ],
  );
}

function lineOf(change: string, { kind, name, what }: ArchivePart, states: readonly ArchivePart[]): string[] {
  const each = (show: (part: ArchivePart) => string): string => [...new Set(states.map(show))].join(" -> ");
  return [
    change,
    kind,
    name,
    each(({ rows, files }) => ((rows ?? files) === null ? "-" : formatCount(rows ?? files ?? 0))),
    each(({ plainBytes }) => formatBytes(plainBytes)),
    what,
  ];
}

function summaryText(changes: ArchiveChanges): string {
  const { added, removed, changed, unchanged, filesAdded, filesRemoved, migrationsAdded, migrationsRemoved } = changes;
  const migrations = [
    ...migrationsAdded.map((revision) => `migration applied since: ${printable(revision)}`),
    ...migrationsRemoved.map((revision) => `migration not applied any more: ${printable(revision)}`),
  ];
  return [
    `${formatCount(added.length)} added, ${formatCount(removed.length)} removed, ${formatCount(changed.length)} changed, ${formatCount(unchanged)} as they were`,
    `${formatCount(filesAdded)} files more, ${formatCount(filesRemoved)} files less`,
    ...migrations,
    "",
  ].join("\n");
}
