import { encodeText } from "./toc-text.ts";
import type { Toc, TocEntry } from "./toc.ts";

/** Entries that pg_restore always executes and never lists. */
const SPECIAL = new Set(["ENCODING", "STDSTRINGS", "SEARCHPATH"]);
/** OIDs of the catalogs `pg_database`, `pg_namespace` and `pg_extension`. */
const PG_DATABASE = "1262";
const PG_NAMESPACE = "2615";
const PG_EXTENSION = "3079";
/** Names of the algorithms in the header's compression byte, from version 1.15 on. */
const ALGORITHMS = ["none", "gzip", "lz4", "zstd"];

/**
 * The list for `pg_restore --use-list` that stands as `postgres/restore` in an archive: what `pg_restore --list` prints,
 * with `;` before what a restore into a prepared database leaves out (the database, extensions, the schema `public`, and
 * the comments that follow them).
 */
export function encodeList(toc: Toc): Buffer {
  let text = listHeader(toc);
  let skipped = false;
  for (const entry of toc.entries) {
    if (!isListed(entry)) continue;
    skipped = isLeftOut(entry) || (skipped && entry.description.startsWith("COMMENT"));
    text += `${skipped ? ";" : ""}${listLine(entry)}\n`;
  }
  return encodeText(text);
}

/** Whether `pg_restore --list` shows the entry: it has a definition to execute or data to load. */
export function isListed(entry: TocEntry): boolean {
  if (SPECIAL.has(entry.description) || isAboutDatabase(entry)) return false;
  return entry.hadDumper || (entry.definition !== null && entry.definition !== "");
}

/** An entry's line of `pg_restore --list`, without the line end. */
export function listLine(entry: TocEntry): string {
  const { dumpId, catalogTableOid, catalogOid, description, namespace, tag, owner } = entry;
  const place = namespace === null || namespace === "" ? "-" : oneLine(namespace);
  return `${dumpId}; ${catalogTableOid} ${catalogOid} ${description} ${place} ${oneLine(tag)} ${oneLine(owner ?? "")}`;
}

/** The database itself, its settings, comment and grants: pg_restore leaves them out unless it creates the database. */
function isAboutDatabase({ description, tag }: TocEntry): boolean {
  if (description === "DATABASE" || description === "DATABASE PROPERTIES") return true;
  return ["ACL", "COMMENT", "SECURITY LABEL"].includes(description) && tag.startsWith("DATABASE ");
}

function isLeftOut(entry: TocEntry): boolean {
  if (entry.catalogTableOid === PG_DATABASE || entry.catalogTableOid === PG_EXTENSION) return true;
  return entry.catalogTableOid === PG_NAMESPACE && entry.description === "SCHEMA" && entry.tag === "public";
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]/g, " ");
}

function listHeader(toc: Toc): string {
  const { version, createdAt } = toc;
  const two = (value: number): string => String(value).padStart(2, "0");
  const date = `${createdAt.year + 1900}-${two(createdAt.mon + 1)}-${two(createdAt.mday)}`;
  const compression = version.minor >= 15 ? (ALGORITHMS[toc.compression] ?? "unknown") : String(toc.compression);
  return [
    ";",
    `; Archive created at ${date} ${two(createdAt.hour)}:${two(createdAt.min)}:${two(createdAt.sec)}`,
    `;     dbname: ${oneLine(toc.databaseName ?? "")}`,
    `;     TOC Entries: ${toc.entries.length}`,
    `;     Compression: ${compression}`,
    `;     Dump Version: ${version.major}.${version.minor}-${version.revision}`,
    ";     Format: DIRECTORY",
    `;     Integer: ${toc.intSize} bytes`,
    `;     Offset: ${toc.offsetSize} bytes`,
    `;     Dumped from database version: ${oneLine(toc.serverVersion ?? "")}`,
    `;     Dumped by pg_dump version: ${oneLine(toc.dumpVersion ?? "")}`,
    ";",
    ";",
    "; Selected TOC Entries:",
    ";",
    "",
  ].join("\n");
}
