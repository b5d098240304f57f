import type { BlockDigestRule } from "./block-digest.ts";
import type { Codec } from "./codec.ts";

/** Versions of the archive format: 1 stands for itself, 2 refers to other archives. */
export const formatVersions = [1, 2] as const;

/** An archive that an incremental one refers to. */
export interface BaseArchive {
  /** What entries call it, from 1; each once, not necessarily without gaps. */
  id: number;
  /** Its name when it was referred to, without a folder. */
  fileName: string;
  /** Of its manifest, lower-case hex: what it is known by. */
  sha256: string;
  /** RFC 3339, UTC. */
  createdAt: string;
  instanceId: string | null;
}

/** First line: what the archive is of, and how it was made. */
export interface ManifestHeader {
  type: "header";
  format: (typeof formatVersions)[number];
  tool: string;
  toolVersion: string;
  /** RFC 3339, UTC. */
  createdAt: string;
  /** Moment of the database snapshot, RFC 3339, UTC. */
  snapshotAt: string;
  application: { name: string; version?: string };
  instanceId: string | null;
  database: {
    name: string;
    serverVersion: string;
    serverVersionNum: number;
    postgisVersion: string | null;
    encoding: string;
    collate: string;
    ctype: string;
    /** Version of the collation that the database's indexes were built by; where it has one. */
    collationVersion?: string;
    extensions: { name: string; version: string; schema: string }[];
    sizeBytes: number;
  };
  /** Applied migrations; null when the application has none of its own. */
  migrations: { component: string; revision: string }[] | null;
  options: { compression: Codec | "deflate"; level: number | null };
  /** Tables whose rows were left out, as quoted `schema.table`. */
  excludedRows: string[];
  /** What users call it by, for retention; left out where there are none. */
  tags?: string[];
  /** How the digests of frames were made; left out where there are none. */
  blockDigest?: BlockDigestRule;
  /** Null in format 1; in format 2 every archive that is referred to, newest first. References name them directly. */
  base: BaseArchive[] | null;
}

/**
 * Frames that stand one after another in one place: id of the archive (0: this one), name of the entry there ("" in this
 * one), where in its content the first begins, and how many they are.
 */
export type EntryPart = [archive: number, name: string, offsetBytes: number, frames: number];

/** A line for each entry that is no directory, but the manifest itself. */
export interface ManifestEntry {
  type: "entry";
  name: string;
  /** Bytes that the ZIP member takes; equal to `contentBytes` in a folder. With `parts`: this archive's member. */
  storedBytes: number;
  /** With `parts`: of all of them. */
  contentBytes: number;
  /** Lower-case hex of the content as unzip extracts it. With `parts`: of what this archive's member holds. */
  sha256: string;
  codec: Codec;
  /** After the codec. */
  plainBytes: number;
  table?: { schema: string; name: string };
  rows?: number;
  /** Independently decompressible pieces, in order: their bytes in the content, plain, and rows. */
  frames?: [storedBytes: number, plainBytes: number, rows: number][];
  /** Digests of the plain frames, see `encodeDigests`. */
  digests?: string;
  /** Pages of the table's heap that were read at once, so that the next backup cuts at the same places. */
  piecePages?: number;
  /** Format 2: the whole entry stands in another archive, and everything above is said of it there. */
  from?: { archive: number; name: string };
  /** Format 2: frames stand here and there. */
  parts?: EntryPart[];
}

/** Something that could not be saved whole. */
export interface ManifestLoss {
  type: "loss";
  kind: "missing" | "unreadable" | "size";
  what: string;
  expected?: string;
  found?: string;
}

/** Last line: totals over the lines before. */
export interface ManifestEnd {
  type: "end";
  entries: number;
  losses: number;
  rows: number;
  /** Entries that are a component's records. */
  blobs: number;
  plainBytes: number;
}

/** A whole manifest, validated. */
export interface Manifest {
  header: ManifestHeader;
  /** By name, in the order of the lines. */
  entries: Map<string, ManifestEntry>;
  losses: ManifestLoss[];
  end: ManifestEnd;
}

const commentPattern = /^ngwbackup manifest sha256=([0-9a-f]{64})$/;

/** The ZIP comment that names the manifest's digest. @param sha256 of the plain `manifest.jsonl`, lower-case hex */
export function manifestComment(sha256: string): string {
  return `ngwbackup manifest sha256=${sha256}`;
}

/** The digest out of a comment; undefined when it is not ours. */
export function digestOfComment(comment: string): string | undefined {
  return commentPattern.exec(comment)?.[1];
}
