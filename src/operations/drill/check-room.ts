import type { Settings } from "../../config/settings.ts";
import { RefusedError } from "../../errors.ts";
import { freeSpaceAt } from "../../files/free-space.ts";
import { formatBytes } from "../../terminal/format.ts";
import type { ArchiveContents } from "../contents/archive-contents.ts";
import { checkDatabaseSpace } from "../restore/space-checks.ts";
import { givenServerError } from "./drill-server.ts";
import { neededRoom } from "./needed-room.ts";

/**
 * Whether a throw-away copy fits: all of it in the drill's folder, or only the files when a server is given, whose own disk is
 * looked at where it can be seen.
 * @param folder in which the drill's own is made
 * @returns what could not be looked at
 * @throws RefusedError when it would not fit
 */
export async function checkRoom(contents: ArchiveContents, folder: string, settings: Settings): Promise<string[]> {
  const { server } = settings.ngwbackup.drill;
  const { databaseBytes, fileBytes } = await neededRoom(contents);
  await checkFolder(folder, server === undefined ? databaseBytes + fileBytes : fileBytes);
  if (server === undefined) return [];
  const findings = await checkDatabaseSpace(contents, { ...settings, database: server }).catch((error: unknown) => {
    throw givenServerError(error);
  });
  for (const { level, message, hint } of findings)
    if (level === "fail") throw new RefusedError("no-space", message, { hints: hint === undefined ? [] : [hint] });
  return findings.filter(({ level }) => level === "warn").map(({ message }) => message);
}

async function checkFolder(folder: string, needed: number): Promise<void> {
  const space = await freeSpaceAt(folder);
  if (space === undefined || space.freeBytes >= needed) return;
  throw new RefusedError(
    "no-space",
    `not enough space in ${folder} for a drill: it takes about ${formatBytes(needed)}, and ${formatBytes(space.freeBytes)} are free`,
    { hints: ["name a folder on another disk: backup.tmpdir in section [core] of the configuration, or TMPDIR"] },
  );
}
