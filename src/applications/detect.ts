import type { Application, SqlClient } from "./application.ts";
import { nextgisweb } from "./nextgisweb.ts";
import { plain } from "./plain.ts";

/** The application whose database this is, told by its tables. */
export async function detectApplication(client: SqlClient): Promise<Application> {
  const { rows } = await client.query(
    `select pg_catalog.to_regclass('public.setting') is not null
         or pg_catalog.to_regclass('public.fileobj') is not null
         or pg_catalog.to_regclass('public.resource') is not null as found`,
  );
  return (rows[0] as { found: boolean }).found ? nextgisweb : plain;
}
