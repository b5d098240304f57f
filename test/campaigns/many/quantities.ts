import { differences, afterRestore } from "../../../src/demo/differences.ts";
import { createInstance } from "../../../src/demo/instance.ts";
import type { Scale } from "../../../src/demo/scale.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import type { TestClusterAddress } from "../../fixtures/test-cluster.ts";
import { createTestInstance } from "../../fixtures/test-instance.ts";
import { type CaseDraw, mustHold } from "../campaign.ts";

/** An instance of NextGIS Web's shape that is large in one way. */
export interface Quantity {
  name: string;
  scale: Scale;
}

/** Backs it up and restores it into an empty instance, one way or the other. */
export async function runQuantity(
  cluster: TestClusterAddress,
  { name, scale }: Quantity,
  { random, seed }: CaseDraw,
): Promise<string> {
  const way = random.oneOf(["side-by-side", "in-place"] as const);
  const source = await createTestInstance({ cluster });
  const target = await createTestInstance({ cluster, readyForSideBySide: way === "side-by-side" });
  try {
    await createInstance({ settings: source.database.settings, sdir: source.sdir, scale, seed: `quantity ${seed}` });
    const backup = await runCli(["backup", ...source.config, "--one-shot"]);
    mustHold(backup.exitCode === 0, `${name}: the backup succeeds`, backup.stderr);
    const archive = backup.stdout.trim();
    const verified = await runCli(["verify", archive]);
    mustHold(verified.exitCode === 0, `${name}: the archive is sound`, verified.stdout, verified.stderr);
    const expected = afterRestore(await source.fingerprint());
    await source.database.drop();
    const restored = await runCli(["restore", ...target.config, `--${way}`, archive]);
    if (restored.exitCode === 4) {
      mustHold(
        /^hint: .*max_locks_per_transaction/m.test(restored.stderr),
        `${name}: a refusal says what to change`,
        restored.stderr,
      );
      return `${name}, ${way}: refused for want of lock space`;
    }
    mustHold(restored.exitCode === 0, `${name}, ${way}: the restore succeeds or is refused`, restored.stderr);
    const differing = differences(expected, await target.fingerprint());
    mustHold(differing.length === 0, `${name}, ${way}: what is restored is what was saved`, ...differing.slice(0, 10));
    return `${name}, ${way}: equal`;
  } finally {
    await source.drop().catch(() => undefined);
    await target.drop();
  }
}
