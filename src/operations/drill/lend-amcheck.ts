import { connect } from "../../postgres/connection.ts";
import { qualifiedName, quoteIdentifier } from "../../postgres/quoting.ts";
import { faultOf } from "./drill-check.ts";
import type { DrillPlace } from "./drill-place.ts";

/**
 * Lets the role of a drill compare indexes with their tables, where only a superuser can: it installs `amcheck` and runs nothing
 * of the archive's. Where that cannot be done the check of indexes says so itself.
 */
export async function lendAmcheck({ lender, checks }: Pick<DrillPlace, "lender" | "checks">): Promise<void> {
  if (lender === undefined) return;
  const client = await connect(lender, { applicationName: "ngwbackup drill" });
  try {
    // What the archive brought is not looked up by name.
    await client.query("SET search_path = pg_catalog, pg_temp");
    await client.query("CREATE EXTENSION IF NOT EXISTS amcheck WITH SCHEMA pg_catalog");
    const { rows } = await client.query<{ schema: string }>(
      `SELECT n.nspname::text AS schema FROM pg_catalog.pg_extension e
         JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'amcheck'`,
    );
    const check = qualifiedName(rows[0]!.schema, "bt_index_check");
    const role = quoteIdentifier(checks.user ?? "");
    await client.query(`GRANT EXECUTE ON FUNCTION ${check}(regclass, boolean) TO ${role}`);
  } catch (error) {
    faultOf(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
