import type { Application } from "../../applications/application.ts";
import type { Toc, TocEntry } from "../../postgres/toc.ts";

/**
 * Takes the rows that the application leaves out off the table of contents, as `pg_dump --exclude-table-data` would: the
 * tables stay, their data entries go.
 * @returns the new table of contents, and the tables whose rows were left out
 */
export function withoutTransientRows(
  toc: Toc,
  application: Application,
): { toc: Toc; leftOut: { schema: string; name: string }[] } {
  const leftOut: TocEntry[] = toc.entries.filter(
    ({ description, namespace, tag }) =>
      description === "TABLE DATA" && application.leavesOutRows({ schema: namespace ?? "", name: tag }),
  );
  const gone = new Set(leftOut.map(({ dumpId }) => dumpId));
  return {
    toc: {
      ...toc,
      entries: toc.entries
        .filter(({ dumpId }) => !gone.has(dumpId))
        .map((entry) =>
          entry.dependencies.some((id) => gone.has(id))
            ? { ...entry, dependencies: entry.dependencies.filter((id) => !gone.has(id)) }
            : entry,
        ),
    },
    leftOut: leftOut.map(({ namespace, tag }) => ({ schema: namespace ?? "", name: tag })),
  };
}

/** The tables whose rows a table of contents names. */
export function tablesWithRows(toc: Toc): { schema: string; name: string }[] {
  return toc.entries
    .filter(({ description, hadDumper }) => description === "TABLE DATA" && hadDumper)
    .map(({ namespace, tag }) => ({ schema: namespace ?? "", name: tag }));
}
