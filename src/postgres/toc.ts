/** An entry of pg_dump's table of contents (`TocEntry` of pg_backup_archiver.h), with SQL texts as pg_dump wrote them. */
export interface TocEntry {
  dumpId: number;
  /** 1 when the entry has data (TABLE DATA, BLOBS, SEQUENCE SET has none): `hadDumper` of the file. */
  hadDumper: boolean;
  /** OID of the catalog table as text, and of the object in it; "0" when there is none. */
  catalogTableOid: string;
  catalogOid: string;
  /** Name without schema, as pg_dump shows it in a list: `layer_x`, `layer_x layer_x_pkey`, ... */
  tag: string;
  /** `TABLE`, `TABLE DATA`, `SEQUENCE SET`, `CONSTRAINT`, `ACL`, ... */
  description: string;
  /** 1 none, 2 pre-data, 3 data, 4 post-data. */
  section: number;
  /** CREATE text, "" when none; null where the file holds a null string. */
  definition: string | null;
  dropStatement: string | null;
  /** `COPY schema.table (columns) FROM stdin;\n` for TABLE DATA. */
  copyStatement: string | null;
  namespace: string | null;
  tablespace: string | null;
  tableAccessMethod: string | null;
  /** From version 1.16 on; undefined before. */
  relationKind?: number;
  owner: string | null;
  /** Dump ids that must come before this one. */
  dependencies: number[];
  /** File of the entry's data in directory format: `123.dat`, `blobs.toc`; null without data. */
  fileName: string | null;
}

/** The whole table of contents of a dump. */
export interface Toc {
  /** Version of the archive format: 1.14 (PostgreSQL 12 to 15), 1.15 (16), 1.16 (17 and 18). */
  version: { major: number; minor: number; revision: number };
  /** Sizes of int and off_t in the file: 4 and 8 everywhere today. */
  intSize: number;
  offsetSize: number;
  /** Format byte of the header: 1 custom, 3 tar (directory dumps say this too). */
  format: number;
  /** Compression field as found: a level before 1.15, an algorithm byte from then on. */
  compression: number;
  /** Local time of the dump, broken down as C's struct tm has it (month from 0, year from 1900). */
  createdAt: { sec: number; min: number; hour: number; mday: number; mon: number; year: number; isdst: number };
  databaseName: string | null;
  /** `server_version` of the dumped server and version of pg_dump, as text. */
  serverVersion: string | null;
  dumpVersion: string | null;
  entries: TocEntry[];
}
