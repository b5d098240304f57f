import { differences, afterRestore } from "../differences.ts";
import { fingerprintInstance, type Fingerprint } from "../fingerprint.ts";
import { checkOneMoment } from "../one-moment.ts";
import { AppError } from "../../errors.ts";
import { formatCount } from "../../terminal/format.ts";
import type { PrivateInstance } from "./private-instance.ts";

/** Tables and sequences that the clients of the walk-through write to while the backup runs. */
const writtenTo = [
  "public.fileobj",
  "public.feature_attachment",
  "public.demo_counter",
  "public.setting",
  "public.fileobj_id_seq",
  "public.feature_attachment_extension_id_seq",
];

/**
 * Compares the restored instance with what it was: everything that nobody wrote to is equal to the last row and byte, and
 * what was written to while the backup ran is of one moment.
 * @returns what was compared, a line each
 * @throws AppError naming every difference
 */
export async function compareRestored(before: Fingerprint, instance: PrivateInstance): Promise<string[]> {
  const after = await fingerprintInstance(instance.settings, instance.fileStoragePath, instance.fontPath);
  const moment = await checkOneMoment(instance.settings, instance.fileStoragePath);
  const unchanged = (parts: Fingerprint): Fingerprint => ({
    ...parts,
    tables: without(parts.tables, (name) => writtenTo.includes(name)),
    sequences: without(parts.sequences, (name) => writtenTo.includes(name)),
    // Blobs that clients uploaded during the backup are checked against their rows instead.
    blobs: without(parts.blobs, (name) => !(name in before.blobs)),
  });
  const faults = [...differences(unchanged(afterRestore(before)), unchanged(after)), ...moment.faults];
  if (Object.keys(after.blobs).length !== moment.blobs) {
    faults.push(`blobs: expected ${moment.blobs} as fileobj has rows, found ${Object.keys(after.blobs).length}`);
  }
  if (moment.counters === 0) faults.push("the counters of the clients are gone");
  if (faults.length > 0) {
    throw new AppError("demo-difference", `the restored instance differs in ${faults.length} places`, {
      details: faults,
    });
  }
  const rows = Object.values(after.tables).reduce((sum, table) => sum + table.rows, 0);
  return [
    `equal to the last byte: ${Object.keys(after.tables).length} tables with ${formatCount(rows)} rows, ${formatCount(Object.keys(before.blobs).length)} files, ${Object.keys(after.fonts).length} fonts, all indexes, constraints, triggers, sequences`,
    `of one moment, although clients wrote: ${formatCount(moment.blobs)} rows of fileobj and their files, ${moment.counters} counters in three places each, ${moment.foreignKeys} foreign keys`,
  ];
}

function without<Value>(
  parts: Readonly<Record<string, Value>>,
  isLeftOut: (name: string) => boolean,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(parts).filter(([name]) => !isLeftOut(name)));
}
