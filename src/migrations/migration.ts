import { AppError } from "../errors.ts";

/** Revision that every component has from the moment it is installed. */
export const initialRevision = "00000000";

/** A migration that a database has applied: a row of the application's table `core_migration`. */
export interface AppliedRevision {
  component: string;
  revision: string;
}

/** Something that must be applied before a migration, in this or another component. */
export interface MigrationDependency {
  component: string;
  /** {@link initialRevision} when only the component is named. */
  revision: string;
  /** True for `component==revision`: that revision is applied and none of its descendants is. */
  exact: boolean;
}

/** A migration that the installed application has, as its header says. */
export interface Migration {
  component: string;
  /** Eight hexadecimal digits, lower case. */
  revision: string;
  /** Revisions of the same component that it follows; empty means that it follows {@link initialRevision}. */
  parents: string[];
  dependencies: MigrationDependency[];
  /** As written in the header, without time zone. */
  date: string | undefined;
  message: string | undefined;
  /** File that the header was read from, for messages. */
  path: string;
}

/** Name of a revision in messages, as NextGIS Web writes it: `component:revision`. */
export function revisionKey({ component, revision }: AppliedRevision): string {
  return `${component}:${revision}`;
}

/** The migration files of the installed application make no sense (exit 1): a broken header, a missing parent, a cycle. */
export class MigrationTreeError extends AppError {
  constructor(message: string, options: { cause?: unknown; details?: readonly string[] } = {}) {
    super("migration-tree", message, {
      ...options,
      hints: ["look at the application's installation: its migration files do not fit together"],
    });
  }
}
