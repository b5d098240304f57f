import { fingerprintDatabase, type DatabaseFingerprint } from "../../../src/demo/fingerprint.ts";
import { silentReporter } from "../../../src/progress.ts";
import { createInPlaceRestore, type InPlaceOptions } from "../../../src/postgres/in-place/in-place-restore.ts";
import type { DumpSource } from "../../../src/postgres/load/dump-source.ts";
import type { ConnectionSettings } from "../../../src/postgres/settings.ts";

/** What every test gives a restore in place. */
export function inPlaceOptions(
  settings: ConnectionSettings,
  source: DumpSource,
  options: Partial<InPlaceOptions> = {},
): InPlaceOptions {
  return {
    settings,
    source,
    jobs: 2,
    reporter: silentReporter,
    signal: new AbortController().signal,
    now: () => new Date(),
    keepUntil: undefined,
    ...options,
  };
}

/** A whole restore in place, as an operation runs it. */
export async function restoreInPlace(
  settings: ConnectionSettings,
  source: DumpSource,
  options: Partial<InPlaceOptions> = {},
): Promise<string> {
  const restore = createInPlaceRestore(inPlaceOptions(settings, source, options));
  try {
    await restore.prepare();
    await restore.switchOver(() => Promise.resolve());
  } finally {
    await restore.discard();
  }
  return restore.runId;
}

/** The part of a fingerprint that a database alone gives. */
export function databasePart({ tables, sequences, objects }: DatabaseFingerprint): DatabaseFingerprint {
  return { tables, sequences, objects };
}

export { fingerprintDatabase };
