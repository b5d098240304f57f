/** What an application needs of a database connection; `pg`'s client fits. */
export interface SqlClient {
  // eslint-disable-next-line typescript/no-explicit-any -- rows of a query are what its text says
  query(text: string, values?: unknown[]): Promise<{ rows: any[]; rowCount?: number | null }>;
}

/** A table, as catalogs name it. */
export interface TableName {
  schema: string;
  name: string;
}

/** A blob that a snapshot's rows refer to. */
export interface BlobRecord {
  component: string;
  uuid: string;
  /** Size that the row says; null in releases that do not keep it. */
  sizeBytes: number | null;
}

/** An applied migration. */
export interface AppliedMigration {
  component: string;
  revision: string;
}

/**
 * What is special about the application whose database is saved. Everything runs in the caller's transaction, on the
 * caller's connection, and every table is looked for before it is used: old releases and half-made instances lack some.
 */
export interface Application {
  /** Name in manifests: `nextgisweb`, `plain`. */
  readonly name: string;
  /** Whether a table's rows are left out of a backup (the table itself stays). */
  leavesOutRows(table: TableName): boolean;
  /** Name of the table whose rows list the blobs, quoted, to be locked while they are pinned; undefined without one. */
  blobTable(client: SqlClient): Promise<string | undefined>;
  /** Number of blobs that rows list, and the sum of their sizes as far as rows tell. */
  countBlobs(client: SqlClient): Promise<{ blobs: number; sizeBytes: number }>;
  /** Every blob that the transaction's snapshot lists, by component and uuid, in batches; needs a transaction block. */
  listBlobs(client: SqlClient): AsyncIterable<readonly BlobRecord[]>;
  /** For each blob named, whether a row refers to it. */
  knownBlobs(client: SqlClient, names: readonly { component: string; uuid: string }[]): Promise<boolean[]>;
  /** Identifies the instance; null when it has no such setting. */
  instanceId(client: SqlClient): Promise<string | null>;
  /** Applied migrations; null when the application keeps none. */
  appliedMigrations(client: SqlClient): Promise<AppliedMigration[] | null>;
  /** Table that holds the applied migrations, to find its rows in an archive. */
  readonly migrationTable: TableName | undefined;
  /** Notes in the database that a backup started at a time is complete. */
  recordBackup(client: SqlClient, startedAt: Date): Promise<void>;
  /**
   * Tells the row that {@link recordBackup} has written last from any other, by the transaction that wrote it and what it holds: a
   * database in which it is found again has gone through all that had happened there before. Null where there is none. Harmless
   * in a transaction whatever the database is like.
   */
  backupMark(client: SqlClient): Promise<string | null>;
  /** What must be mended after the rows are loaded, in the restore's transaction; returns what was done, for people. */
  afterLoad(client: SqlClient): Promise<string[]>;
  /** Components of the application that may stand in an archive: identity by component. */
  readonly components: ReadonlyMap<string, string>;
}
