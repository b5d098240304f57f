import { join, resolve } from "node:path";
import { loadSettings } from "../config/settings.ts";
import { UsageError } from "../errors.ts";
import { makeStateFolder } from "../state/state-folder.ts";
import { defaultUnitFolder, installUnits, uninstallUnits } from "../operations/schedule/install-units.ts";
import { optionsOfEnvironment, planSchedule } from "../operations/schedule/plan-schedule.ts";
import { hasSystemd } from "../operations/schedule/systemctl.ts";
import { crontab } from "../schedule/crontab.ts";
import { systemdUnits } from "../schedule/systemd-units.ts";
import type { CommandContext } from "./command.ts";
import type { ScheduleFlags } from "./schedule.command.ts";

/** `schedule`: prints, installs or removes what does backups by the calendar. */
export default async function schedule(this: CommandContext, flags: ScheduleFlags): Promise<void> {
  const chosen = [flags.install, flags.uninstall, flags.units, flags.crontab].filter((isGiven) => isGiven).length;
  if (chosen > 1) throw new UsageError("one-thing", "--install, --uninstall, --units and --crontab exclude each other");
  const settings = await loadSettings({ env: this.env, cwd: this.cwd, configPaths: flags.config });
  const folder = resolve(this.cwd, flags.unitDir ?? defaultUnitFolder);
  if (flags.uninstall) {
    const removed = await uninstallUnits(settings.runs.schedule.unitName, folder, this);
    if (removed.length === 0) this.output.note(`no units of ours are in ${folder}\n`);
    this.output.finish({ command: "schedule", removed }, pathLines(removed));
    return;
  }
  const plan = await planSchedule(settings, this);
  const fromEnvironment = optionsOfEnvironment(settings);
  if (fromEnvironment.length > 0)
    this.output.report({
      type: "warning",
      code: "environment",
      message: "what is set in the environment does not hold when a timer runs; put it into the configuration",
      details: fromEnvironment,
    });
  if (flags.install) {
    if (settings.files.length === 0)
      throw new UsageError("no-configuration", "a timer finds no configuration by itself, and none was named", {
        hints: [`${this.calledAs} schedule --install --config /opt/ngw/config/config.ini`],
      });
    if (settings.runs.state !== undefined) await makeStateFolder(settings.runs.state, this.isRoot);
    const written = await installUnits(plan, folder, this);
    this.output.note(`runs as ${plan.user}; ${this.calledAs} status tells when\n`);
    this.output.finish({ command: "schedule", written }, pathLines(written));
    return;
  }
  const isForCron = flags.crontab || (!flags.units && !(await hasSystemd(this)));
  if (isForCron) {
    if (!flags.crontab) this.output.note("systemd does not run here: these are lines for a file in /etc/cron.d\n");
    const text = crontab(plan);
    this.output.finish({ command: "schedule", crontab: text }, text);
    return;
  }
  const units = systemdUnits(plan);
  this.output.finish(
    { command: "schedule", units: Object.fromEntries(units) },
    [...units].map(([unit, text]) => `# ${join(folder, unit)}\n${text}`).join("\n"),
  );
}

function pathLines(paths: readonly string[]): string {
  return paths.map((path) => `${path}\n`).join("");
}
