import type { Codec } from "./codec.ts";

/** Version of the archive format that is written, and the only one that is read. */
export const formatVersion = 1;

/** First line: what the archive is of, and how it was made. */
export interface ManifestHeader {
  type: "header";
  format: 1;
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
  base: null;
}

/** A line for each entry that is no directory, but the manifest itself. */
export interface ManifestEntry {
  type: "entry";
  name: string;
  /** Bytes that the ZIP member takes; equal to `contentBytes` in a folder. */
  storedBytes: number;
  contentBytes: number;
  /** Lower-case hex of the content as unzip extracts it. */
  sha256: string;
  codec: Codec;
  /** After the codec. */
  plainBytes: number;
  table?: { schema: string; name: string };
  rows?: number;
  /** Independently decompressible pieces, in order: their bytes in the content, plain, and rows. */
  frames?: [storedBytes: number, plainBytes: number, rows: number][];
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
