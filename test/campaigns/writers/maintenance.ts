import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Client } from "pg";
import { blobPath } from "../../../src/demo/files.ts";
import { uploadContent } from "../../../src/demo/writers.ts";
import type { ConnectionSettings } from "../../../src/postgres/settings.ts";
import { type Random, randomOf } from "../random.ts";
import { withOne } from "./layer-clients.ts";

/** What keeps an instance tidy, until it is stopped. */
export interface Maintenance {
  readonly done: { vacuums: number; cleanUps: number; removed: number };
  stop(): Promise<void>;
}

/**
 * Starts what administrators and NextGIS Web's maintenance do: `VACUUM FULL` of one table after another, and the clean-up,
 * which removes rows of files that nothing refers to any more, then at once the files.
 */
export function startMaintenance(
  settings: ConnectionSettings,
  fileStoragePath: string,
  { pauseMs, seed }: { pauseMs: number; seed: number },
): Maintenance {
  const done = { vacuums: 0, cleanUps: 0, removed: 0 };
  const stopped = new AbortController();
  const random = randomOf(seed);
  const repeat = async (name: string, act: (client: Client) => Promise<void>): Promise<void> =>
    await withOne(settings, name, async (client) => {
      while (!stopped.signal.aborted) {
        await act(client);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    });
  const ended = Promise.allSettled([
    repeat("made-up vacuum", async (client) => {
      await vacuumSome(client, random);
      done.vacuums += 1;
    }),
    repeat("made-up clean-up", async (client) => {
      await abandon(client, fileStoragePath);
      done.removed += await cleanUp(client, fileStoragePath);
      done.cleanUps += 1;
    }),
  ]);
  return {
    done,
    async stop() {
      stopped.abort();
      for (const result of await ended) if (result.status === "rejected") throw result.reason;
    },
  };
}

async function vacuumSome(client: Client, random: Random): Promise<void> {
  const { rows } = await client.query<{ name: string }>("select name from public.campaign_layer order by name");
  const names = [...rows.map(({ name }) => name), "public.setting", "public.feature_attachment", "public.fileobj"];
  try {
    await client.query(`vacuum full ${random.oneOf(names)}`);
  } catch (error) {
    // A deadlock, or a layer that was dropped in the meantime.
    if (!["40P01", "42P01"].includes((error as { code?: string }).code ?? "")) throw error;
  }
}

/** Some files lose what referred to them, as when a resource is deleted. */
async function abandon(client: Client, fileStoragePath: string): Promise<void> {
  for (let left = 3; left > 0; left -= 1) {
    const uuid = randomUUID().replaceAll("-", "");
    const path = join(fileStoragePath, blobPath({ component: "feature_attachment", uuid }));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, uploadContent(uuid, 3000), { flag: "wx" });
    await client.query("insert into public.fileobj (component, uuid, size) values ('feature_attachment', $1, 3000)", [
      uuid,
    ]);
  }
}

/** @returns files removed */
async function cleanUp(client: Client, fileStoragePath: string): Promise<number> {
  const { rows } = await client.query<{ component: string; uuid: string }>(
    `delete from public.fileobj f where component = 'feature_attachment'
       and not exists (select from public.feature_attachment a where a.fileobj_id = f.id)
       and not exists (select from public.feature_attachment_ht h where h.fileobj_id = f.id) returning component, uuid`,
  );
  for (const row of rows) await rm(join(fileStoragePath, blobPath(row)));
  return rows.length;
}
