import { openZipArchive } from "../../../src/archive/zip-reader.ts";
import { createZipWriter } from "../../../src/archive/zip-writer.ts";
import { createMemorySink, createMemorySource } from "../../fixtures/memory-bytes.ts";
import { collect } from "../../fixtures/streams.ts";
import type { Random } from "../random.ts";
import type { DamagedBytes } from "./damage-bytes.ts";

/** Two different members of some, by name. */
export function drawTwo(contents: ReadonlyMap<string, Buffer>, random: Random): readonly [string, string] {
  const names = [...contents.keys()];
  for (;;) {
    const [one, other] = [random.oneOf(names), random.oneOf(names)];
    const [content, otherContent] = [contents.get(one), contents.get(other)];
    if (content !== undefined && otherContent !== undefined && !content.equals(otherContent)) return [one, other];
  }
}

/**
 * A ZIP in which two entries have each other's content, or one has another archive's, with headers and directory that fit:
 * only what the manifest says tells that something is wrong.
 */
export async function swapEntries(sound: Buffer, random: Random, otherSound: Buffer): Promise<DamagedBytes> {
  const reader = await openZipArchive(createMemorySource(sound));
  const contents = await entryContents(sound);
  const others = await entryContents(otherSound);
  const [one, other] = drawTwo(contents, random);
  const swapped = new Map(contents);
  const foreign = others.get(one);
  const takesForeign = random.below(2) === 0 && foreign !== undefined && !foreign.equals(contents.get(one)!);
  if (takesForeign) swapped.set(one, foreign);
  else swapped.set(one, contents.get(other)!).set(other, contents.get(one)!);
  const sink = createMemorySink();
  const writer = createZipWriter(sink, { modifiedAt: new Date("2026-11-26T00:00:00Z") });
  for (const entry of reader.entries.values()) {
    if (entry.isDirectory) await writer.addDirectory(entry.name);
    else await writer.addEntry(entry.name, swapped.get(entry.name)!, { deflate: entry.method === "deflate" });
  }
  await writer.finish(reader.comment);
  const what = takesForeign ? "entry of another archive" : "entries swapped";
  return { bytes: sink.bytes(), what, details: takesForeign ? one : `${one} and ${other}` };
}

/** The content of every entry that is no directory. */
export async function entryContents(bytes: Buffer): Promise<Map<string, Buffer>> {
  const reader = await openZipArchive(createMemorySource(bytes));
  const contents = new Map<string, Buffer>();
  for (const { name, isDirectory } of reader.entries.values())
    if (!isDirectory) contents.set(name, await collect(reader.read(name)));
  return contents;
}
