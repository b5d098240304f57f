import { randomUUID } from "node:crypto";
import { Client } from "pg";
import type { ConnectionSettings } from "../../../src/postgres/settings.ts";
import { type Random, randomOf } from "../random.ts";

/**
 * What each layer of {@link startLayerClients} must hold: written in the transaction that changes the layer, so that a layer
 * that does not agree with its line here is not of the same moment.
 */
export const layerBookSql = `
  create table if not exists public.campaign_layer (
    name text primary key, rows bigint not null, columns text not null, last_id bigint not null)`;

/** Clients that change layers, until they are stopped. */
export interface LayerClients {
  /** Changes by kind. */
  readonly done: ReadonlyMap<string, number>;
  /** Statements that the server has ended for the sake of another: deadlocks and lost races among the clients. */
  readonly lost: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** How busy clients are. */
export interface LayerClientsOptions {
  clients: number;
  /** Pause of a client between two changes. */
  pauseMs: number;
  /** Time between two changes of a client that take a table away from readers, on average. */
  structureMs: number;
  seed: number;
}

type Change = (client: Client, layer: string, random: Random) => Promise<unknown>;

/** Rows that prove themselves. */
const rowsOf = (layer: string, from: string, rows: number): string =>
  `insert into ${layer} (id, name, proof) select i, 'row ' || i, md5('${layer} ' || i)
   from generate_series(${from} + 1, ${from} + ${rows}) i`;
const note = (layer: string, set: string): string => `update public.campaign_layer set ${set} where name = '${layer}'`;
const lastId = (layer: string): string => `(select last_id from public.campaign_layer where name = '${layer}')`;
const columnsNow = (layer: string): string =>
  note(
    layer,
    `columns = (select string_agg(attname, ',' order by attnum) from pg_attribute
      where attrelid = '${layer}'::regclass and attnum > 0 and not attisdropped)`,
  );

const changes: Readonly<Record<string, Change>> = {
  add: (client, layer, random) => {
    const more = 1 + random.below(200);
    return client.query(
      `${rowsOf(layer, lastId(layer), more)}; ${note(layer, `rows = rows + ${more}, last_id = last_id + ${more}`)}`,
    );
  },
  delete: async (client, layer, random) => {
    const { rowCount } = await client.query(`delete from ${layer} where id % 20 = ${random.below(20)}`);
    await client.query(note(layer, `rows = rows - ${rowCount}`));
  },
  "add-column": (client, layer, random) =>
    // A default that is no constant rewrites the table.
    client.query(
      `alter table ${layer} add fld_${uuid()} ${random.oneOf(["text", "int default 7", "float8 default random()"])}; ${columnsNow(layer)}`,
    ),
  "rename-column": async (client, layer) => {
    const name = await someField(client, layer);
    if (name !== undefined)
      await client.query(`alter table ${layer} rename ${name} to fld_${uuid()}; ${columnsNow(layer)}`);
  },
  "drop-column": async (client, layer) => {
    const name = await someField(client, layer);
    if (name !== undefined) await client.query(`alter table ${layer} drop ${name}; ${columnsNow(layer)}`);
  },
  "change-type": (client, layer, random) =>
    client.query(`alter table ${layer} alter id type ${random.oneOf(["bigint", "int", "numeric"])}`),
  refill: (client, layer, random) => {
    const rows = 50 + random.below(400);
    return client.query(
      `truncate ${layer}; ${rowsOf(layer, lastId(layer), rows)}; ${note(layer, `rows = ${rows}, last_id = last_id + ${rows}`)}`,
    );
  },
  drop: (client, layer) =>
    client.query(
      `drop table ${layer}; drop sequence ${layer}_id_seq; delete from public.campaign_layer where name = '${layer}'`,
    ),
};
/** What layers are there for, and what happens to them now and then. */
const rowChanges = ["add", "add", "add", "delete"] as const;
const structureChanges = "create create create refill add-column rename-column drop-column change-type drop drop".split(
  " ",
);

/** Makes the book and some layers, so that there is something to change from the start. */
export async function prepareLayers(settings: ConnectionSettings, layers: number): Promise<void> {
  await withOne(settings, "made-up layers", async (client) => {
    await client.query(layerBookSql);
    const { rows } = await client.query<{ n: number }>("select count(*)::int as n from public.campaign_layer");
    for (let left = layers - (rows[0]?.n ?? 0); left > 0; left -= 1) await createLayer(client, randomOf(left));
  });
}

/** Starts clients that create, fill, alter, empty and drop layers as NextGIS Web does, each change in a transaction. */
export function startLayerClients(
  settings: ConnectionSettings,
  { clients, pauseMs, structureMs, seed }: LayerClientsOptions,
): LayerClients {
  const done = new Map<string, number>();
  const lost = new Map<string, number>();
  const stopped = new AbortController();
  const running = Array.from({ length: clients }, (_, index) =>
    withOne(settings, `made-up layer client ${index + 1}`, async (client) => {
      const random = randomOf(seed * 100 + index);
      let nextMs = performance.now() + random.fraction() * structureMs;
      while (!stopped.signal.aborted) {
        const isDue = performance.now() >= nextMs;
        if (isDue) nextMs = performance.now() + structureMs * 2 * random.fraction();
        const kind = random.oneOf(isDue ? structureChanges : rowChanges);
        await change(client, kind, random, done, lost);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }),
  );
  const ended = Promise.allSettled(running);
  return {
    done,
    lost,
    async stop() {
      stopped.abort();
      for (const result of await ended) if (result.status === "rejected") throw result.reason;
    },
  };
}

async function change(
  client: Client,
  kind: string,
  random: Random,
  done: Map<string, number>,
  lost: Map<string, number>,
): Promise<void> {
  try {
    if (kind === "create") await createLayer(client, random);
    else {
      const layer = await someLayer(client, random);
      if (layer === undefined) return;
      await client.query("begin");
      // One client changes a layer at a time, as a resource is locked there.
      const { rowCount } = await client.query("select from public.campaign_layer where name = $1 for update", [layer]);
      if (rowCount === 1) await changes[kind]?.(client, layer, random);
      await client.query("commit");
    }
    count(done, kind);
  } catch (error) {
    await client.query("rollback");
    const { code = "" } = error as { code?: string };
    // A deadlock, or a table that another client has dropped in the meantime.
    if (!["40P01", "42P01"].includes(code)) throw error;
    count(lost, code);
  }
}

async function createLayer(client: Client, random: Random): Promise<void> {
  const layer = `vector_layer.layer_${uuid()}`;
  const rows = 1 + random.below(600);
  await client.query(
    `begin; create table ${layer} (id bigint primary key, name text, proof text not null);
     create sequence ${layer}_id_seq; ${rowsOf(layer, "0", rows)};
     insert into public.campaign_layer values ('${layer}', ${rows}, 'id,name,proof', ${rows}); commit`,
  );
}

async function someLayer(client: Client, random: Random): Promise<string | undefined> {
  const { rows } = await client.query<{ name: string }>("select name from public.campaign_layer order by name");
  return rows.length === 0 ? undefined : random.oneOf(rows).name;
}

async function someField(client: Client, layer: string): Promise<string | undefined> {
  const { rows } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute where attrelid = $1::regclass and attname like 'fld%' order by attnum limit 1`,
    [layer],
  );
  return rows[0]?.name;
}

function uuid(): string {
  return randomUUID().replaceAll("-", "");
}

function count(counts: Map<string, number>, kind: string): void {
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
}

/** Connects as a client of the application, does something, and disconnects. */
export async function withOne<T>(
  settings: ConnectionSettings,
  name: string,
  action: (client: Client) => Promise<T>,
): Promise<T> {
  const { host, port, database, user } = settings;
  const client = new Client({ host, port, database, user, application_name: name });
  client.on("error", () => {});
  await client.connect();
  try {
    return await action(client);
  } finally {
    await client.end();
  }
}
