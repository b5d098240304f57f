import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../../disk-errors.ts";
import type { Context } from "../../context.ts";
import { RefusedError, messageOf } from "../../errors.ts";
import { writePublic } from "../../files/write-public.ts";
import { systemdUnits, unitMarker } from "../../schedule/systemd-units.ts";
import type { SchedulePlan } from "../../schedule/unit-plan.ts";
import { checkCalendar, hasSystemd, systemctl } from "./systemctl.ts";

/** Where an administrator's units stand. */
export const defaultUnitFolder = "/etc/systemd/system";

/**
 * Writes the units, and starts the timers; units of ours that are not wanted any more go.
 * @returns paths of what was written
 * @throws RefusedError when systemd does not run here, a unit of somebody else has the name, or the folder cannot be written
 * @throws UsageError for a time that systemd does not know
 */
export async function installUnits(plan: SchedulePlan, folder: string, context: Context): Promise<string[]> {
  await needSystemd(context);
  for (const { name, calendar } of plan.jobs) await checkCalendar(calendar, `schedule.${name}`, context);
  const units = systemdUnits(plan);
  const ours = await ownUnits(plan.name, folder);
  for (const unit of units.keys())
    if (!ours.includes(unit) && (await contentOf(join(folder, unit))) !== undefined)
      throw new RefusedError("unit-exists", `${join(folder, unit)} is there already, and not ours`, {
        hints: ["remove it, or choose another name: schedule.name in section [ngwbackup]"],
      });
  await removeUnits(
    ours.filter((unit) => !units.has(unit)),
    folder,
    context,
  );
  const written: string[] = [];
  for (const [unit, text] of units) {
    const path = join(folder, unit);
    await writePublic(path, text, context.pid).catch((error: unknown) => {
      throw notWritable(path, error);
    });
    written.push(path);
  }
  await systemctl(["daemon-reload"], context);
  const timers = timersOf([...units.keys()]);
  if (timers.length > 0) {
    await systemctl(["enable", "--now", ...timers], context);
    // A timer that runs already takes its new time when it is started again.
    await systemctl(["restart", ...timers], context);
  }
  return written;
}

/**
 * Stops the timers and removes the units.
 * @returns paths of what was removed
 * @throws RefusedError when systemd does not run here, or the folder cannot be written
 */
export async function uninstallUnits(name: string, folder: string, context: Context): Promise<string[]> {
  await needSystemd(context);
  const units = await ownUnits(name, folder);
  await removeUnits(units, folder, context);
  return units.map((unit) => join(folder, unit));
}

async function removeUnits(units: readonly string[], folder: string, context: Context): Promise<void> {
  if (units.length === 0) return;
  const timers = timersOf(units);
  if (timers.length > 0) await systemctl(["disable", "--now", ...timers], context);
  for (const unit of units) {
    const path = join(folder, unit);
    await rm(path).catch((error: unknown) => {
      throw notWritable(path, error);
    });
  }
  await systemctl(["daemon-reload"], context);
}

/** Names of the units that we have written. */
async function ownUnits(name: string, folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const file of await readdir(folder).catch(() => [])) {
    if (!file.startsWith(`${name}-`) || !/\.(?:service|timer)$/.test(file)) continue;
    if ((await contentOf(join(folder, file)))?.startsWith(unitMarker) === true) found.push(file);
  }
  return found.sort((a, b) => a.localeCompare(b));
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function needSystemd(context: Context): Promise<void> {
  if (await hasSystemd(context)) return;
  throw new RefusedError("no-systemd", "systemd does not run here, or systemctl is not to be found", {
    hints: [`${context.calledAs} schedule --crontab > /etc/cron.d/ngwbackup`],
  });
}

function timersOf(units: readonly string[]): string[] {
  return units.filter((unit) => unit.endsWith(".timer"));
}

function notWritable(path: string, error: unknown): RefusedError {
  return new RefusedError("unit-folder", `${path} cannot be written: ${messageOf(error)}`, {
    cause: error,
    hints: ["run it as root"],
  });
}
