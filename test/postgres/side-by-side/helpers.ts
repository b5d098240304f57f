import { fingerprintDatabase } from "../../../src/demo/fingerprint.ts";
import type { DumpSource } from "../../../src/postgres/load/dump-source.ts";
import {
  createSideBySideRestore,
  type SideBySideOptions,
} from "../../../src/postgres/side-by-side/side-by-side-restore.ts";
import type { ConnectionSettings } from "../../../src/postgres/settings.ts";
import { silentReporter } from "../../../src/progress.ts";

/** What every test gives a restore side by side. */
export function besideOptions(
  settings: ConnectionSettings,
  source: DumpSource,
  options: Partial<SideBySideOptions> = {},
): SideBySideOptions {
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

/** A whole restore side by side, as an operation runs it. */
export async function restoreBeside(options: SideBySideOptions): Promise<string> {
  const restore = createSideBySideRestore(options);
  try {
    await restore.prepare();
    await restore.switchOver(() => Promise.resolve());
  } finally {
    await restore.discard();
  }
  return restore.runId;
}

export { fingerprintDatabase };
