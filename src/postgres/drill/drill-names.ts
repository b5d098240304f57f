import { randomInt } from "node:crypto";

const prefix = "ngwbackup_drill_";

/**
 * A new name for the database of a drill, and for its role: `ngwbackup_drill_` and ten of a to z and digits. It is short enough
 * that what a restore makes beside that database has all of it in its name.
 */
export function newDrillName(): string {
  return prefix + Array.from({ length: 10 }, () => randomInt(36).toString(36)).join("");
}

/** Pattern, for SQL, of the names of drills' roles and first databases. */
export const drillPattern = `^${prefix}[a-z0-9]{10}$`;

/** Pattern, for SQL, of the names of all databases that a drill makes; the drill's name is the first group. */
export const drillDatabasePattern = `^(${prefix}[a-z0-9]{10})(_(restore|previous|undone)_[0-9]{14}_[a-z0-9]{4,20})?$`;

/** The name that a drill's session carries as long as the drill lives: later ones know by it what is still in use. */
export function drillSessionName(drill: string): string {
  return `ngwbackup drill ${drill.slice(prefix.length)}`;
}
