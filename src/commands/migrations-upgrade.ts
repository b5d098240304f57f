import { loadSettings } from "../config/settings.ts";
import { upgradeApplication } from "../operations/migration-upgrade.ts";
import type { CommandContext } from "./command.ts";
import type { MigrationsUpgradeFlags } from "./instance.commands.ts";

/** `migrations upgrade`: the installed application's own command applies pending migrations, or shows which. */
export default async function migrationsUpgrade(this: CommandContext, flags: MigrationsUpgradeFlags): Promise<void> {
  const { env, cwd, output, stderr } = this;
  const settings = await loadSettings({ env, cwd, configPaths: flags.config });
  // With --json stdout holds JSON lines only.
  const stdout = output.json ? stderr : this.stdout;
  await upgradeApplication(settings, this, { dryRun: flags.dryRun, stdout, stderr });
  output.finish({ command: "migrations upgrade", dryRun: flags.dryRun });
}
