import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import type { TestClusterAddress } from "../../fixtures/test-cluster.ts";
import { type TestInstance, createTestInstance } from "../../fixtures/test-instance.ts";
import type { ArchiveForm } from "../archives/forms.ts";
import { mustHold } from "../campaign.ts";
import { type TwoStates, type Way, createTwoStates } from "../two-states.ts";

/** What the commands of the campaign work on. */
export interface IoWorld {
  /** Instances that are restored, from a file side by side and from a folder in place. */
  states: Readonly<Record<Way, TwoStates>>;
  /** The instance that is backed up. */
  source: TestInstance;
  /** Where its archives go; nothing else is in there. */
  archives: string;
  /** For files on their way through stdin; nothing else is in there. */
  spool: string;
  /** For whatever else a case needs, none of the program's. */
  folder: string;
  close(): Promise<void>;
}

/** Makes the instances and their archives. @param form what the archives are like; one of plain ones is a folder */
export async function createIoWorld(cluster: TestClusterAddress, form: ArchiveForm): Promise<IoWorld> {
  const folder = await mkdtemp(join(tmpdir(), "ngwbackup-test-"));
  const archives = join(folder, "archives");
  await mkdir(archives);
  const spool = join(folder, "spool");
  await mkdir(spool);
  const source = await createTestInstance({ cluster });
  await createInstance({ settings: source.database.settings, sdir: source.sdir, scale: tinyScale });
  // The first one adds a row, the time of the last backup.
  const first = await runCli(["backup", ...source.config]);
  mustHold(first.exitCode === 0, "an undisturbed backup succeeds", first.stderr);
  const states = {
    "side-by-side": await createTwoStates(cluster, "side-by-side", { form }),
    "in-place": await createTwoStates(cluster, "in-place", { form, noZip: form === "plain" }),
  };
  return {
    states,
    source,
    archives,
    spool,
    folder,
    async close() {
      await Promise.all([source.drop(), ...Object.values(states).map((one) => one.close())]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
