import { expectLoad } from "../../postgres/load/expected-load.ts";
import { planLoad } from "../../postgres/load/load-order.ts";
import { stagePlan } from "../../postgres/load/load-stages.ts";
import type { PlannedStage } from "../../progress.ts";
import type { ArchiveContents } from "../contents/archive-contents.ts";
import { archiveSource } from "./archive-source.ts";

/*
 * Rates that were measured on two cores; what counts is the ratio of one to another (see PlannedStage).
 */
const fileBytesPerMs = 900_000;
const fileMs = 0.18;
const checksMs = 350;
const checkedTableMs = 0.2;
const checkedFileMs = 0.05;
const newDatabaseMs = 200;
const analyzedDatabaseMs = 200;
/** With what is tidied up after it. */
const switchMs = 350;
const switchedFileMs = 0.15;

/**
 * The stages of a restore after its verification, either way, and what they are expected to take by what the archive holds.
 * Files are staged beside all of the database's stages, and shown when those are done.
 */
export function expectRestore(contents: ArchiveContents): PlannedStage[] {
  const source = archiveSource(contents);
  const load = expectLoad(stagePlan(planLoad(source.toc).entries), source);
  let [filesMs, files] = [0, 0];
  for (const component of contents.records.values()) {
    for (const { name, listed } of component.values()) {
      const bytes = listed?.plainBytes ?? contents.reader.entries.get(name)?.contentBytes ?? 0;
      filesMs += fileMs + bytes / fileBytesPerMs;
      files += 1;
    }
  }
  return [
    { stage: "checks", expectedMs: checksMs + contents.tables.size * checkedTableMs + files * checkedFileMs },
    { stage: "new database", expectedMs: newDatabaseMs },
    { stage: "schema", expectedMs: load.schemaMs },
    { stage: "rows and indexes", expectedMs: load.tablesMs },
    { stage: "constraints", expectedMs: load.constraintsMs },
    { stage: "statistics", expectedMs: analyzedDatabaseMs + load.statisticsMs },
    { stage: "files", expectedMs: filesMs },
    { stage: "switch", expectedMs: switchMs + files * switchedFileMs },
  ];
}
