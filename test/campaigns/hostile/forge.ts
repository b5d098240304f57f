import { hash } from "node:crypto";
import { type RawEntry, rawZip } from "../../fixtures/raw-zip.ts";
import { decodeToc } from "../../../src/postgres/toc-decode.ts";
import { encodeToc } from "../../../src/postgres/toc-encode.ts";
import type { Toc } from "../../../src/postgres/toc.ts";
import { entryContents } from "../archives/swap-entries.ts";

/** A line of the manifest, as JSON has it. */
export type ManifestLine = Record<string, unknown>;

/** The parts of an archive, for a forger to change. */
export interface Parts {
  /** Content by name. */
  entries: Map<string, Buffer>;
  lines: ManifestLine[];
  /** Entries that the manifest does not know. */
  more: RawEntry[];
}

/** Takes a sound archive of ours apart. */
export async function takeApart(sound: Buffer): Promise<Parts> {
  const entries = await entryContents(sound);
  const manifest = entries.get("manifest.jsonl")?.toString("utf8") ?? "";
  entries.delete("manifest.jsonl");
  const lines = manifest
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as ManifestLine);
  // All of it is stored when it is put together again.
  for (const line of lines) if (line["type"] === "entry") line["storedBytes"] = line["contentBytes"];
  // They would give a changed frame away before what is wrong with it.
  for (const line of lines) delete line["digests"];
  return { entries, lines, more: [] };
}

/** A copy that can be changed. */
export function copyParts({ entries, lines, more }: Parts): Parts {
  return { entries: new Map(entries), lines: lines.map((line) => structuredClone(line)), more: [...more] };
}

/** What the manifest says of an entry. */
export function lineOf({ lines }: Parts, name: string): ManifestLine {
  const line = lines.find((one) => one["name"] === name);
  if (line === undefined) throw new Error(`the manifest knows no ${name}`);
  return line;
}

/**
 * Replaces or adds an entry, and has the manifest fit: a digest is no proof of where an archive comes from.
 * @param plainBytes after the codec, which the name tells
 */
export function put(parts: Parts, name: string, content: Buffer, plainBytes = content.length): void {
  const codec = name.endsWith(".zst") ? "zstd" : name.endsWith(".gz") ? "gzip" : "none";
  let line = parts.lines.find((one) => one["name"] === name);
  if (line === undefined) {
    line = { type: "entry", name };
    parts.lines.splice(-1, 0, line);
  }
  const sizes = { storedBytes: content.length, contentBytes: content.length, plainBytes };
  Object.assign(line, sizes, { sha256: hash("sha256", content), codec });
  if (line["frames"] !== undefined) line["frames"] = [[content.length, plainBytes, line["rows"] ?? 0]];
  parts.entries.set(name, content);
}

/** Takes an entry out, and its line. */
export function drop(parts: Parts, name: string): void {
  parts.entries.delete(name);
  parts.lines = parts.lines.filter((line) => line["name"] !== name);
}

/** Changes the table of contents. */
export function changeToc(parts: Parts, change: (toc: Toc) => void): void {
  const toc = decodeToc(tocOf(parts));
  change(toc);
  put(parts, "postgres/toc.dat", encodeToc(toc));
}

/** The bytes of the table of contents. */
export function tocOf({ entries }: Parts): Buffer {
  return Buffer.from(entries.get("postgres/toc.dat") ?? "");
}

/** The manifest's lines with an end that fits, as text. */
export function manifestText({ lines }: Parts): string {
  const ends = { entries: 0, losses: 0, rows: 0, blobs: 0, plainBytes: 0 };
  const number = (value: unknown): number => (typeof value === "number" ? value : 0);
  for (const line of lines) {
    if (line["type"] === "loss") ends.losses += 1;
    if (line["type"] !== "entry") continue;
    ends.entries += 1;
    ends.rows += number(line["rows"]);
    ends.plainBytes += number(line["plainBytes"]);
    if (/^component\/[^/]+\/\d{8,10}(\.zst)?$/.test(String(line["name"]))) ends.blobs += 1;
  }
  return lines.map((line) => `${JSON.stringify(line["type"] === "end" ? { ...line, ...ends } : line)}\n`).join("");
}

/** An archive of the parts in which every digest, size and number fits. @param manifest another text for the manifest */
export function seal(parts: Parts, manifest: string | Buffer = manifestText(parts)): Buffer {
  const content = Buffer.from(manifest);
  const entries: RawEntry[] = [
    ...[...parts.entries].map(([name, bytes]) => ({ name, content: bytes })),
    ...parts.more,
    { name: "manifest.jsonl", content },
  ];
  return rawZip(entries, `ngwbackup manifest sha256=${hash("sha256", content)}`);
}
