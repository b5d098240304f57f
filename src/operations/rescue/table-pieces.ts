import { type Codec, decompressBlock } from "../../archive/codec.ts";
import { inflateAsFar } from "../../archive/rescue/inflate-as-far.ts";
import { type FoundFrame, findFrames } from "../../archive/rescue/find-frames.ts";
import type { DamagedArchive, DamagedEntry } from "../../archive/rescue/damaged-archive.ts";
import { AppError, messageOf } from "../../errors.ts";
import type { LostPiece, TablePiece } from "../../postgres/rescue/table-piece.ts";
import { countRows, cutAtRows, wholeRows } from "./copy-text.ts";
import type { DamagedMember } from "./damaged-contents.ts";
import { isProven } from "./witness.ts";

type Frames = readonly [storedBytes: number, plainBytes: number, rows: number][];

const blockBytes = 4 * 1024 * 1024;
/** What is sent again for each row that the server refuses. */
const unprovenBlockBytes = 256 * 1024;

const withoutCodec = (codec: Codec): boolean => codec === "none";

/**
 * The rows of a table, as many as can be had, and the ranges that cannot. Frames and members are believed by their own
 * checksums; text without any by the digest of its entry, and where that differs its rows come unproven.
 */
export async function* tablePieces(archive: DamagedArchive, member: DamagedMember): AsyncGenerator<TablePiece> {
  const entry = archive.entries.get(member.name);
  if (entry === undefined) {
    yield {
      kind: "lost",
      firstRow: 1,
      rows: member.listed?.rows,
      reason: `entry ${member.name} is not in the archive`,
    };
    return;
  }
  if (member.codec === "zstd" && entry.method === "deflate") {
    yield {
      kind: "lost",
      firstRow: 1,
      rows: member.listed?.rows,
      reason: `entry ${member.name} is deflated, which no writer does`,
    };
    return;
  }
  const frames = member.listed?.frames;
  // A frame's place in the entry is known by the manifest only if the entry was not deflated by the ZIP.
  const isFramed = !withoutCodec(member.codec) && entry.method === "stored";
  if (isFramed && frames !== undefined && frames.length > 0) {
    const inPlace = entry.isCut || entry.storedBytes === member.listed?.contentBytes;
    yield* joined(inPlace ? listedFrames(archive, member, frames) : foundFrames(archive, member, entry, frames));
  } else if (isFramed && !(member.codec === "gzip" && (await isProven(archive, member.name, member.listed)))) {
    yield* joined(foundOrDecoded(archive, member, entry));
  } else {
    yield* streamed(archive, member, await isProven(archive, member.name, member.listed));
  }
}

/** Frames where the manifest says that they are. */
async function* listedFrames(
  archive: DamagedArchive,
  member: DamagedMember,
  frames: Frames,
): AsyncGenerator<TablePiece> {
  let offsetBytes = 0;
  let firstRow = 1;
  for (const [index, [storedBytes, plainBytes, rows]] of frames.entries()) {
    const place = `frame ${index + 1} of entry ${member.name}, bytes ${offsetBytes} to ${offsetBytes + storedBytes}`;
    const stored = await archive.readStored(member.name, offsetBytes, storedBytes);
    offsetBytes += storedBytes;
    if (stored.length < storedBytes) {
      yield lost(firstRow, rows, `the archive ends within or before ${place}`);
    } else {
      try {
        yield rowsOf(await decompressBlock(member.codec, stored, plainBytes), firstRow, true);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        yield lost(firstRow, rows, `${place}: ${messageOf(error)}`);
      }
    }
    firstRow += rows;
  }
}

/** Frames wherever they stand; those of the manifest are recognised. */
async function* foundFrames(
  archive: DamagedArchive,
  member: DamagedMember,
  entry: DamagedEntry,
  frames: Frames | undefined,
): AsyncGenerator<TablePiece> {
  const read = (offset: number, length: number): Promise<Buffer> => archive.readStored(member.name, offset, length);
  const codec = member.codec === "gzip" ? "gzip" : "zstd";
  let place = 0;
  let reachedBytes = 0;
  let firstRow = 1;
  let isEnd = false;
  const gap = (to: number): string => `bytes ${reachedBytes} to ${to} of entry ${member.name} are damaged`;
  for await (const { offsetBytes, storedBytes, plain } of findFrames(codec, read, entry.storedBytes)) {
    const known = frames === undefined ? undefined : recognise(frames, place, { offsetBytes, storedBytes, plain });
    if (known !== undefined) {
      const rows = (frames ?? []).slice(place, known).reduce((sum, frame) => sum + frame[2], 0);
      if (known > place) yield lost(firstRow, rows, gap(offsetBytes));
      firstRow += rows;
      place = known + 1;
    } else if (offsetBytes > reachedBytes) yield lost(firstRow, undefined, gap(offsetBytes));
    const piece = rowsOf(plain, firstRow, true);
    yield piece;
    firstRow += piece.rows;
    reachedBytes = offsetBytes + storedBytes;
    isEnd = wholeRows(plain).isEnd;
  }
  if (frames !== undefined && place < frames.length) {
    const rows = frames.slice(place).reduce((sum, frame) => sum + frame[2], 0);
    yield lost(firstRow, rows, gap(entry.storedBytes));
  } else if (frames === undefined && !isEnd) {
    yield lost(
      firstRow,
      undefined,
      entry.isCut ? `the archive ends within entry ${member.name}` : gap(entry.storedBytes),
    );
  }
}

/** Which of the frames from a place on one is: its sizes tell, and of several alike the one that was nearest. */
function recognise(frames: Frames, from: number, found: FoundFrame): number | undefined {
  let nearest: { index: number; distance: number } | undefined;
  let offsetBytes = 0;
  for (const [index, [storedBytes, plainBytes]] of frames.entries()) {
    const isAlike = index >= from && storedBytes === found.storedBytes && plainBytes === found.plain.length;
    const distance = Math.abs(offsetBytes - found.offsetBytes);
    if (isAlike && distance < (nearest?.distance ?? Infinity)) nearest = { index, distance };
    offsetBytes += storedBytes;
  }
  return nearest?.index;
}

/** Members of gzip may be a single one of any size, which shows by nothing but decompressing it. */
async function* foundOrDecoded(
  archive: DamagedArchive,
  member: DamagedMember,
  entry: DamagedEntry,
): AsyncGenerator<TablePiece> {
  let held: TablePiece | undefined;
  for await (const piece of foundFrames(archive, member, entry, undefined)) {
    if (held !== undefined) yield held;
    held = piece;
    if (piece.kind === "rows" || member.codec !== "gzip" || piece.firstRow > 1) {
      yield piece;
      held = undefined;
    }
  }
  // No member at all was found.
  if (held !== undefined) yield* streamed(archive, member, false);
}

/** Text without checksums of its own, from the first row to where it breaks off. */
async function* streamed(archive: DamagedArchive, member: DamagedMember, proven: boolean): AsyncGenerator<TablePiece> {
  const { listed, name } = member;
  let firstRow = 1;
  let isEnd = false;
  let failure: string | undefined;
  const content = member.codec === "gzip" ? inflateAsFar("gzip", archive.content(name)) : archive.content(name);
  const watched = asFar(content, (message) => (failure = message));
  for await (const block of cutAtRows(watched, proven ? blockBytes : unprovenBlockBytes)) {
    const whole = wholeRows(block);
    isEnd = whole.isEnd;
    if (whole.text.length === 0) continue;
    const rows = countRows(whole.text);
    yield { kind: "rows", text: whole.text, firstRow, rows, isProven: proven };
    firstRow += rows;
  }
  if (isEnd && failure === undefined) return;
  const total = listed?.rows;
  const left = total === undefined ? undefined : total - (firstRow - 1);
  if (left === undefined || left > 0) yield lost(firstRow, left, failure ?? `entry ${name} ends before its last row`);
}

/** What comes before an error, which is told. */
async function* asFar(content: AsyncIterable<Buffer>, onError: (message: string) => void): AsyncGenerator<Buffer> {
  try {
    yield* content;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    onError(messageOf(error));
  }
}

function rowsOf(plain: Buffer, firstRow: number, proven: boolean): TablePiece & { kind: "rows" } {
  const { text } = wholeRows(plain);
  return { kind: "rows", text, firstRow, rows: countRows(text), isProven: proven };
}

function lost(firstRow: number, rows: number | undefined, reason: string): LostPiece {
  return { kind: "lost", firstRow, rows, reason };
}

/** Joins neighbouring losses, and drops those of no rows: what ends a table is no loss. */
async function* joined(pieces: AsyncIterable<TablePiece>): AsyncGenerator<TablePiece> {
  let pending: LostPiece | undefined;
  for await (const piece of pieces) {
    if (piece.kind === "lost") {
      if (piece.rows === 0) continue;
      if (pending === undefined) pending = { ...piece };
      else
        pending.rows = pending.rows === undefined || piece.rows === undefined ? undefined : pending.rows + piece.rows;
    } else if (piece.rows > 0) {
      if (pending !== undefined) yield pending;
      pending = undefined;
      yield piece;
    }
  }
  if (pending !== undefined) yield pending;
}
