import type { Random } from "../random.ts";
import type { Names } from "./awkward-names.ts";

/** Where a feature puts what it makes. */
export interface FeatureScope {
  /** Fresh quoted names. */
  names: Names;
  /** Quoted name of the schema to make things in. */
  schema: string;
  /** A role without rights of its own, for grants and policies. */
  reader: string;
  /** A role that the connected one is a member of, for other owners. */
  other: string;
  random: Random;
}

/** Something that a database can hold. */
export interface Feature {
  name: string;
  /** Only a superuser may make it. */
  superuser?: boolean;
  /** It belongs to the whole database, so that a restore in place leaves what stands there of its kind. */
  databaseWide?: boolean;
  /** Extensions that must be there. */
  extensions?: readonly string[];
  /** Statements that make it, as the instance's role. */
  sql(scope: FeatureScope): string;
}
