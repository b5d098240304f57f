import type { Codec } from "./codec.ts";

/** The dump's table of contents, in pg_dump's directory format. */
export const tocEntryName = "postgres/toc.dat";
/** The list file for `pg_restore --use-list`. */
export const listEntryName = "postgres/restore";
/** Our list of all entries. */
export const manifestEntryName = "manifest.jsonl";
/** The Ed25519 signature of the plain manifest, 64 bytes, behind it; most archives have none. */
export const signatureEntryName = "manifest.sig";
/** What a manifest cannot list: itself, and its signature. */
export const unlistedEntryNames: ReadonlySet<string> = new Set([manifestEntryName, signatureEntryName]);
/** In a folder only: the manifest's digest, which a ZIP has in its comment. */
export const manifestDigestName = "manifest.sha256";
/** What stands in that file, as `sha256sum -c` reads it. @param sha256 of the plain manifest, lower-case hex */
export function digestLine(sha256: string): string {
  return `${sha256}  ${manifestEntryName}\n`;
}
/** Names and OIDs of large objects, as pg_restore reads them. */
export const largeObjectTocName = "postgres/blobs.toc";
/** Directories that NextGIS Web's reader needs, even empty. */
export const postgresDirectoryName = "postgres/";
export const componentsDirectoryName = "component/";

const suffixes = { none: "", zstd: ".zst", gzip: ".gz" } as const;

/** A component's or identity's name. */
const namePattern = "[a-z_][a-z0-9_]{0,62}";
const codecPattern = "(\\.zst|\\.gz)?";
const numberPattern = "(0|[1-9][0-9]{0,9})";

const wholeNamePattern = new RegExp(`^${namePattern}$`);

/** True for what NextGIS Web may call a component or an identity. */
export function isComponentName(name: string): boolean {
  return wholeNamePattern.test(name);
}

/** Rows of a table. @param dumpId of its TABLE DATA entry */
export function tableEntryName(dumpId: number, codec: Codec): string {
  return `postgres/${dumpId}.dat${suffixes[codec]}`;
}

/** Content of a large object. @param oid as text */
export function largeObjectEntryName(oid: string, codec: Codec): string {
  return `postgres/blob_${oid}.dat${suffixes[codec]}`;
}

/** Directory of a component's records, with its slash. */
export function componentDirectoryName(component: string): string {
  return `component/${component}/`;
}

/** List of a component's records. */
export function componentIndexName(component: string): string {
  return `component/${component}/$index`;
}

/** Bytes of a component's record. @param id counts from 1 in each component */
export function componentRecordName(component: string, id: number, codec: Codec): string {
  return `component/${component}/${String(id).padStart(8, "0")}${suffixes[codec]}`;
}

/** What an entry is, by its name. */
export type ParsedEntryName =
  | { kind: "toc" | "list" | "manifest" | "signature" }
  | { kind: "table"; dumpId: number; codec: Codec }
  | { kind: "large-object"; oid: string; codec: Codec }
  | { kind: "large-object-toc" }
  | { kind: "index"; component: string }
  | { kind: "record"; component: string; id: number; codec: Codec };

const tablePattern = new RegExp(`^postgres/${numberPattern}\\.dat${codecPattern}$`);
const largeObjectPattern = new RegExp(`^postgres/blob_${numberPattern}\\.dat${codecPattern}$`);
// From PostgreSQL 17 on pg_dump has several lists, each with its dump id.
const largeObjectTocPattern = new RegExp(`^postgres/blobs(?:_${numberPattern})?\\.toc$`);
const componentPattern = new RegExp(`^component/(${namePattern})/(?:(\\$index)|([0-9]{8,10})(\\.zst)?)$`);

/**
 * Tells what an entry is.
 * @returns undefined for directories and for names that fit no rule of docs/archive-format.md
 */
export function parseEntryName(name: string): ParsedEntryName | undefined {
  if (name === tocEntryName) return { kind: "toc" };
  if (name === listEntryName) return { kind: "list" };
  if (name === manifestEntryName) return { kind: "manifest" };
  if (name === signatureEntryName) return { kind: "signature" };
  const table = tablePattern.exec(name);
  if (table !== null) return { kind: "table", dumpId: Number(table[1]), codec: codecOf(table[2]) };
  const largeObject = largeObjectPattern.exec(name);
  if (largeObject !== null) return { kind: "large-object", oid: largeObject[1] ?? "", codec: codecOf(largeObject[2]) };
  if (largeObjectTocPattern.test(name)) return { kind: "large-object-toc" };
  const part = componentPattern.exec(name);
  if (part === null) return undefined;
  const [, component = "", index, digits = "", suffix] = part;
  if (index !== undefined) return { kind: "index", component };
  const id = Number(digits);
  // One name a number: neither record 0 nor 000000001 beside 00000001.
  if (id === 0 || String(id).padStart(8, "0") !== digits) return undefined;
  return { kind: "record", component, id, codec: codecOf(suffix) };
}

function codecOf(suffix: string | undefined): Codec {
  if (suffix === ".zst") return "zstd";
  return suffix === ".gz" ? "gzip" : "none";
}
