import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import type { ConnectionSettings } from "../../../src/postgres/settings.ts";
import type { Random } from "../random.ts";
import { withOne } from "../writers/layer-clients.ts";

/** What the primary does that a standby can only replay where nobody reads. */
export const conflictKinds = ["none", "vacuum", "drop", "exclusive lock", "truncate"] as const;

/** One of {@link conflictKinds}. */
export type ConflictKind = (typeof conflictKinds)[number];

/** Does it again and again until it is stopped. */
export function startConflicts(
  settings: ConnectionSettings,
  kind: ConflictKind,
  random: Random,
): { stop(): Promise<void> } {
  let isStopped = false;
  const ended = withOne(settings, "made-up conflicts", async (client) => {
    for (let round = 0; !isStopped; round += 1) {
      await conflict(client, kind, random, round);
      await sleep(20 + random.below(100));
    }
    await client.query("drop table if exists public.campaign_doomed");
  });
  ended.catch(() => {});
  return {
    async stop() {
      isStopped = true;
      await ended;
    },
  };
}

async function conflict(client: Client, kind: ConflictKind, random: Random, round: number): Promise<void> {
  switch (kind) {
    case "none":
      return;
    case "vacuum":
      // Row versions that a snapshot on the standby still needs go away.
      await client.query("vacuum public.setting");
      await client.query("vacuum public.fileobj");
      return;
    case "drop":
      await client.query(
        round % 2 === 0
          ? "create table if not exists public.campaign_doomed as select generate_series(1, 2000) as id"
          : "drop table if exists public.campaign_doomed",
      );
      return;
    case "exclusive lock":
      await client.query(
        `begin; lock table ${random.oneOf(["public.resource", "public.fileobj"])} in access exclusive mode`,
      );
      await sleep(random.below(300));
      await client.query("commit");
      return;
    case "truncate":
      await client.query("truncate public.pyramid_session_store; truncate public.campaign_emptied");
      await client.query("insert into public.campaign_emptied select generate_series(1, 500)");
  }
}
