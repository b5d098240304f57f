import { localeClause } from "../database-locale.ts";
import { quoteIdentifier } from "../quoting.ts";
import type { CreationPlan } from "./creation-plan.ts";

/** What psql is to be given, once, by a superuser, to make an instance ready for restores side by side. */
export function readyHint({ live, needed, operator }: CreationPlan): string {
  const role = quoteIdentifier(live.owner);
  const template = `${live.name}_template`;
  const names = needed.length > 0 ? needed.map(({ name }) => name) : ["postgis", "hstore"];
  const lines = [
    ...(operator.createDb ? [] : [`ALTER ROLE ${role} CREATEDB;`]),
    `CREATE DATABASE ${quoteIdentifier(template)} OWNER ${role} TEMPLATE template0 ${localeClause(live.locale)};`,
    `\\connect ${quoteIdentifier(template)}`,
    ...names.map((name) => `CREATE EXTENSION ${quoteIdentifier(name)};`),
  ];
  if (names.includes("postgis")) {
    lines.push(
      `ALTER TABLE spatial_ref_sys OWNER TO ${role};`,
      `ALTER VIEW geometry_columns OWNER TO ${role};`,
      `ALTER VIEW geography_columns OWNER TO ${role};`,
    );
  }
  return lines.join("\n");
}
