import { createHash } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DamagedArchive } from "../../archive/rescue/damaged-archive.ts";
import { AppError, messageOf } from "../../errors.ts";
import { plainContent } from "../contents/plain-content.ts";
import type { DamagedMember } from "./damaged-contents.ts";
import { Witness } from "./witness.ts";

/** A member that was written into the folder under a name for the moment. */
export interface WrittenMember {
  path: string;
  sizeBytes: number;
  isProven: boolean;
  /** What is wrong with one that is not proven. */
  reason: string;
}

/**
 * Writes the plain content of a member, as much of it as there is, and says whether a digest proves it.
 * @param folder of the rescue
 * @param sha256 of the plain content, where an index tells it
 * @param onBytes told how many bytes more are there
 */
export async function writeMember(
  archive: DamagedArchive,
  member: DamagedMember,
  folder: string,
  sha256: string | undefined,
  onBytes: (bytes: number) => void,
): Promise<WrittenMember> {
  const path = join(folder, ".writing");
  const entry = archive.entries.get(member.name);
  if (entry === undefined) {
    return { path, sizeBytes: 0, isProven: false, reason: `entry ${member.name} is not in the archive` };
  }
  const witness = new Witness();
  const plainHash = createHash("sha256");
  let reason = entry.isCut
    ? `the archive ends within entry ${member.name}`
    : `the digest of entry ${member.name} differs`;
  let isWhole = true;
  const watched = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of archive.content(member.name)) {
      witness.add(chunk);
      yield chunk;
    }
  };
  const file = await open(path, "w", 0o644);
  let sizeBytes = 0;
  try {
    for await (const chunk of plainContent(watched(), member)) {
      await file.writeFile(chunk);
      if (member.codec !== "none") plainHash.update(chunk);
      sizeBytes += chunk.length;
      onBytes(chunk.length);
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    isWhole = false;
    if (!entry.isCut) reason = `entry ${member.name}: ${messageOf(error)}`;
  } finally {
    await file.close();
  }
  const plainSha256 = member.codec === "none" ? witness.sha256 : plainHash.digest("hex");
  // What the index says of the content decides where no manifest does: the headers of a folder's files say nothing at all.
  const isProven =
    isWhole &&
    (plainSha256 === sha256 ||
      ((sha256 === undefined || member.listed !== undefined) && witness.agrees(entry, member.listed)));
  return { path, sizeBytes, isProven, reason };
}

/** Gives a written member its place in the folder. */
export async function placeMember(written: WrittenMember, folder: string, name: string): Promise<void> {
  const target = join(folder, name);
  await mkdir(dirname(target), { recursive: true });
  await rename(written.path, target);
}

/**
 * Keeps what there is of a damaged one, beside the files that are sound: what could be decompressed, or else its bytes as they
 * stand in the archive.
 * @returns its name in the folder; undefined when there is nothing
 */
export async function keepDamaged(
  archive: DamagedArchive,
  member: DamagedMember,
  written: WrittenMember,
  folder: string,
  name: string,
): Promise<string | undefined> {
  let kept = `damaged/${name}`;
  if (written.sizeBytes === 0) {
    if ((archive.entries.get(member.name)?.storedBytes ?? 0) === 0) {
      await rm(written.path, { force: true });
      return undefined;
    }
    kept += { zstd: ".zst", gzip: ".gz", none: "" }[member.codec];
    const file = await open(written.path, "w", 0o644);
    try {
      for await (const chunk of archive.content(member.name)) await file.writeFile(chunk);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    } finally {
      await file.close();
    }
  }
  await placeMember(written, folder, kept);
  return kept;
}
