/**
 * SQL for the bytes that reading a table takes: its heap and its TOAST. `pg_table_size` asks the file system for twelve
 * files a table instead of two, 0.6 s for 9,000 tables, and counts maps that no COPY reads.
 * @param relation alias of a row of `pg_class`
 */
export function heapAndToastBytes(relation: string): string {
  return `(pg_catalog.pg_relation_size(${relation}.oid)
    + coalesce(pg_catalog.pg_relation_size(nullif(${relation}.reltoastrelid, 0)), 0))::float8`;
}
