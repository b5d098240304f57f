import { loadSettings } from "../config/settings.ts";
import { ExitCode } from "../errors.ts";
import { checkInstance } from "../operations/check/check-instance.ts";
import type { CommandContext, CommonFlags } from "./command.ts";
import { formatFindings } from "./findings-text.ts";

/** `check`: what a backup and a restore of this instance would fail at, a line a check. */
export default async function check(this: CommandContext, flags: CommonFlags): Promise<void> {
  const settings = await loadSettings({ env: this.env, cwd: this.cwd, configPaths: flags.config });
  const findings = await checkInstance(settings, this, this.output);
  const failed = findings.some(({ level }) => level === "fail");
  this.output.finish({ command: "check", sound: !failed, findings }, formatFindings(findings));
  if (failed) this.setExitCode(ExitCode.refused);
}
