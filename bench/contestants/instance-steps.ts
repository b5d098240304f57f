import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Place, Program, Step } from "./contestant.ts";

const script = join(import.meta.dirname, "nextgisweb_steps.py");

/** A command of the script of NextGIS Web's steps: `backup`, `restore`, `drop` (what the instance holds), `list`. */
export function scriptProgram(place: Place, command: string, args: readonly string[]): Program {
  return { argv: ["python3", script, command, place.binDir, ...args], env: place.libpqEnv };
}

/** A program of PostgreSQL on the place's instance. */
export function postgresProgram(place: Place, name: string, args: readonly string[]): Program {
  return { argv: [join(place.binDir, name), ...args], env: place.libpqEnv };
}

/** Drops what the target's database holds: part of every restore. */
export function dropStep(place: Place): Step {
  return { programs: [scriptProgram(place, "drop", [])] };
}

/** Which of the programs are not in PATH, as a sentence; undefined when all are. */
export async function missingPrograms(...names: string[]): Promise<string | undefined> {
  const missing: string[] = [];
  for (const name of names) {
    const places = (process.env["PATH"] ?? "").split(delimiter).map((folder) => access(join(folder, name)));
    if (!(await Promise.allSettled(places)).some(({ status }) => status === "fulfilled")) missing.push(name);
  }
  return missing.length === 0 ? undefined : `not installed: ${missing.join(", ")}`;
}
