import { placeHint } from "../config/place-options.ts";
import { UsageError } from "../errors.ts";
import { listArchives } from "../operations/list/list-archives.ts";
import { accessByNeed } from "../operations/stores/archive-access.ts";
import { formatBytes, formatTime } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";
import type { CommandContext } from "./command.ts";
import type { DecryptFlags } from "./decrypt-flags.ts";
import { decryptionChoice } from "./decryption-choice.ts";

/** `list [WHERE]`: the archives of a folder or store, newest first. */
export default async function list(this: CommandContext, flags: DecryptFlags, where?: string): Promise<void> {
  const access = accessByNeed(flags.config, this, this.output, decryptionChoice(this, flags));
  const folder = where ?? (await access.load()).backup.place;
  if (folder === undefined)
    throw new UsageError("no-folder", "no folder given, and no place for archives configured", {
      hints: [placeHint, `${this.calledAs} list FOLDER`],
    });
  const archives = await listArchives(folder, access);
  const yesOrNo = (value: boolean): string => (value ? "yes" : "no");
  const table = formatTable(
    [
      { title: "TIME" },
      { title: "SIZE", align: "right" },
      { title: "INSTANCE" },
      { title: "APPLICATION" },
      { title: "ENCRYPTED" },
      { title: "INCREMENTAL" },
      { title: "TAGS" },
      { title: "STATE" },
      { title: "PATH" },
    ],
    archives.map((archive) => [
      formatTime(archive.time),
      formatBytes(archive.sizeBytes),
      archive.instanceId ?? "-",
      archive.application === "" ? "-" : archive.application,
      yesOrNo(archive.encrypted),
      yesOrNo(archive.incremental),
      archive.tags.length === 0 ? "-" : archive.tags.join(","),
      archive.state,
      archive.path,
    ]),
  );
  this.output.finish(
    { command: "list", archives: archives.map((archive) => ({ ...archive, time: archive.time.toISOString() })) },
    table,
  );
}
