import { RefusedError } from "../../errors.ts";
import type { ConnectionSettings } from "../../postgres/settings.ts";

/** A server with an empty database that a drill may fill, and a folder for its files. */
export interface DrillServer {
  /** The role that loads, in the drill's database. It is no superuser: the archive may hold code, which runs with its rights. */
  database: ConnectionSettings;
  /** Who may make databases there, in another database. */
  admin: ConnectionSettings;
  /** A superuser in the drill's database, who lends its role `amcheck`; undefined: there is none. */
  lender: ConnectionSettings | undefined;
  /** Who looks at the copy, in the drill's database; no superuser either: what is looked at may name functions of the archive. */
  checks: ConnectionSettings;
  /** Database to copy, which holds PostGIS; undefined: made, or looked for. */
  template: string | undefined;
  /** An existing folder that only we can reach. */
  folder: string;
  /** What differs from the archive's own surroundings, so that people know. */
  notes: readonly string[];
  /** Removes all that the drill has made, folder and database. May be called more than once; never throws. */
  close(): Promise<void>;
}

/**
 * The error for a given server that cannot be reached: what `connect` says points to the application's own options.
 * @param error anything that was thrown; returned as it is unless the server, or our way to it, says no
 */
export function givenServerError(error: unknown, ...hints: readonly string[]): unknown {
  if (!(error instanceof RefusedError)) return error;
  return new RefusedError(error.code, `the drill's server: ${error.message}`, {
    cause: error,
    details: error.details,
    hints:
      hints.length > 0 ? hints : ["check drill.host, drill.port, drill.user and drill.pwfile of the configuration"],
  });
}
