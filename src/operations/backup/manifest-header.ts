import type { ManifestHeader } from "../../archive/manifest.ts";
import { qualifiedName } from "../../postgres/quoting.ts";
import type { Snapshot } from "../../postgres/snapshot.ts";
import { toolVersion } from "../../version.ts";
import type { InstanceFacts } from "./planned-snapshot.ts";
import type { WriteBackupOptions } from "./write-backup.ts";

/**
 * What an archive says of itself.
 * @param leftOut tables whose rows are not in it
 * @param referred ids of the archives that it refers to; without any it stands for itself
 */
export function manifestHeader(
  { application, request, startedAt, base }: WriteBackupOptions,
  snapshot: Snapshot,
  facts: InstanceFacts,
  leftOut: readonly { schema: string; name: string }[],
  referred: ReadonlySet<number>,
): ManifestHeader {
  const archives = base.archives.filter(({ id }) => referred.has(id));
  return {
    type: "header",
    format: archives.length === 0 ? 1 : 2,
    tool: "ngwbackup",
    toolVersion,
    createdAt: startedAt.toISOString(),
    snapshotAt: snapshot.takenAt.toISOString(),
    application: { name: application.name },
    instanceId: facts.instanceId,
    database: facts.database,
    migrations: facts.migrations,
    options: { compression: request.compression, level: request.level ?? null },
    excludedRows: leftOut.map(({ schema, name }) => qualifiedName(schema, name)),
    ...(request.tags.length === 0 ? {} : { tags: [...request.tags] }),
    ...(base.rule === undefined ? {} : { blockDigest: base.rule }),
    base: archives.length === 0 ? null : archives,
  };
}
