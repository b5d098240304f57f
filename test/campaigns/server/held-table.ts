import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import type { Fault, Repair, Scene } from "./faults.ts";

/**
 * Somebody holds a table, as ALTER TABLE does: for a moment, which is waited out, or at times, for longer than anyone waits.
 */
export function heldTable(when: "before" | "during"): Fault {
  const act = async (scene: Scene): Promise<Repair> => {
    const { instance, random } = scene;
    const { host, port, database, user } = instance.database.admin;
    const client = new Client({ host, port, database, user, application_name: "holder of a table" });
    // The server, or a restore's switch, may end it.
    client.on("error", () => {});
    await client.connect();
    const isLong = random.below(12) === 0;
    const table = random.oneOf(["public.fileobj", "public.resource", "public.setting", "a layer"] as const);
    const holdMs = 100 + random.below(2500);
    const name = table === "a layer" ? await someLayer(client) : table;
    await client.query("begin");
    // What the program does at this moment is waited for.
    await client.query(`lock table ${name} in access exclusive mode`).catch(() => undefined);
    const end = async (): Promise<void> => {
      await client.end().catch(() => undefined);
    };
    const released = isLong ? undefined : sleep(holdMs).then(end);
    return async () => {
      await (released ?? end());
    };
  };
  return when === "before" ? { name: "table held before", before: act } : { name: "table held", during: act };
}

async function someLayer(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'vector_layer' order by 1 limit 1",
  );
  return rows[0]?.name ?? "public.resource";
}
