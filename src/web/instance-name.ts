import type { Settings } from "../config/settings.ts";
import { AppError } from "../errors.ts";
import { resolveParameters } from "../postgres/connection-parameters.ts";
import { WebError } from "./web-error.ts";

/** What the instance is called: its database's name, as it is typed before a restore. */
export async function instanceName({ database }: Settings): Promise<string> {
  try {
    return (await resolveParameters(database)).database;
  } catch (error) {
    // What is wrong with a service file is told by whoever connects.
    if (error instanceof AppError) return database.database ?? "";
    throw error;
  }
}

/** @throws WebError 422 not-confirmed when another name was typed than the one that is meant */
export function checkConfirmed(given: string, expected: string): void {
  if (given === expected && expected !== "") return;
  throw new WebError(422, "not-confirmed", `not confirmed: expected the name ${expected}`);
}
