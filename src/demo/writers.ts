import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError, messageOf } from "../errors.ts";
import { connect, type Client } from "../postgres/connection.ts";
import type { ConnectionSettings } from "../postgres/settings.ts";
import { blobPath } from "./files.ts";

/** What clients of an instance do while they run. */
export interface WritersOptions {
  settings: ConnectionSettings;
  fileStoragePath: string;
  /** Clients at once; 3 when left out. */
  clients?: number;
  /** Pause of a client between two changes; 2 when left out. */
  pauseMs?: number;
  /** Told how long each upload took, from its first byte to its commit. */
  onUpload?(durationMs: number): void;
}

/** How often clients have done what. */
export interface WritersDone {
  uploads: number;
  deletions: number;
  counts: number;
}

/** Clients at work. */
export interface Writers {
  /** What was done so far. */
  readonly done: Readonly<WritersDone>;
  /**
   * Lets every client end its change and disconnects it.
   * @throws AppError when a client failed on the way
   */
  stop(): Promise<WritersDone>;
}

/**
 * Table of what writers do, apart from NextGIS Web's own: the count of each client, and the blob that holds it. A second
 * copy of the count stands in `public.setting`.
 */
export const countersSql = `
  create table if not exists public.demo_counter (
    client integer primary key, value integer not null, fileobj_id integer references public.fileobj (id))`;

/**
 * Starts clients that change an instance as NextGIS Web does while it serves: an upload writes the blob first and its row
 * then; a deletion removes the row and, once that is committed, the file at once. Each client also advances a count in two
 * tables and in a blob that is new each time, all in one transaction, so that {@link checkOneMoment} can tell whether a
 * copy of the instance is of one moment.
 */
export async function startWriters(options: WritersOptions): Promise<Writers> {
  const { settings, clients = 3, pauseMs = 2 } = options;
  const done: WritersDone = { uploads: 0, deletions: 0, counts: 0 };
  const stopped = new AbortController();
  const connections: Client[] = [];
  try {
    for (let index = 0; index < clients; index += 1) {
      connections.push(await connect(settings, { applicationName: `made-up client ${index + 1}` }));
    }
    await connections[0]?.query(countersSql);
  } catch (error) {
    await Promise.all(connections.map((client) => client.end()));
    throw error;
  }
  const running = connections.map(async (client, index) => {
    try {
      const work: Work = { ...options, client, index, done, round: 0, ownBlobs: [] };
      for (; !stopped.signal.aborted; work.round += 1) {
        await advanceCount(work);
        await upload(work);
        if (work.round % 2 === 1) await deleteOldest(work);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    } finally {
      await client.end();
    }
  });
  const ended = Promise.allSettled(running);
  return {
    done,
    async stop() {
      stopped.abort();
      for (const result of await ended) {
        if (result.status === "rejected") {
          const message = `a client of the instance failed: ${messageOf(result.reason)}`;
          throw new AppError("client-failed", message, { cause: result.reason });
        }
      }
      return { ...done };
    },
  };
}

interface Work {
  client: Client;
  index: number;
  fileStoragePath: string;
  onUpload?(durationMs: number): void;
  done: WritersDone;
  round: number;
  /** Uploaded by this client and not deleted yet. */
  ownBlobs: { id: number; uuid: string }[];
}

/** What an upload holds, of which every byte follows from its name. */
export function uploadContent(uuid: string, sizeBytes: number): string {
  const unit = `upload ${uuid} `;
  return unit.repeat(Math.ceil(sizeBytes / unit.length)).slice(0, sizeBytes);
}

async function newBlob(
  work: Work,
  component: string,
  contentOf: (uuid: string) => string,
): Promise<{ id: number; uuid: string }> {
  const uuid = randomUUID().replaceAll("-", "");
  const content = contentOf(uuid);
  const path = join(work.fileStoragePath, blobPath({ component, uuid }));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content, { flag: "wx" });
  const { rows } = await work.client.query<{ id: number }>(
    "insert into public.fileobj (component, uuid, size) values ($1, $2, $3) returning id",
    [component, uuid, Buffer.byteLength(content)],
  );
  return { id: (rows[0] as { id: number }).id, uuid };
}

async function upload(work: Work): Promise<void> {
  const { client } = work;
  const startedMs = performance.now();
  await client.query("begin");
  const sizeBytes = 5000 + (work.round % 100) * 200;
  const blob = await newBlob(work, "feature_attachment", (uuid) => uploadContent(uuid, sizeBytes));
  await client.query(
    `insert into public.feature_attachment (resource_id, feature_id, fileobj_id, name, mime_type)
     values (1, $1, $2, 'upload', 'text/plain')`,
    [1 + work.index, blob.id],
  );
  await client.query("commit");
  work.onUpload?.(performance.now() - startedMs);
  work.ownBlobs.push(blob);
  work.done.uploads += 1;
}

async function deleteOldest(work: Work): Promise<void> {
  const blob = work.ownBlobs.shift();
  if (blob === undefined) return;
  await work.client.query("begin");
  await work.client.query("delete from public.feature_attachment where fileobj_id = $1", [blob.id]);
  await work.client.query("delete from public.fileobj where id = $1", [blob.id]);
  await work.client.query("commit");
  await rm(join(work.fileStoragePath, blobPath({ component: "feature_attachment", uuid: blob.uuid })));
  work.done.deletions += 1;
}

async function advanceCount(work: Work): Promise<void> {
  const { client, index } = work;
  await client.query("begin");
  const before = await client.query<{ value: number; fileobj_id: number; uuid: string }>(
    "select value, fileobj_id, uuid from public.demo_counter join public.fileobj on id = fileobj_id where client = $1",
    [index],
  );
  const value = (before.rows[0]?.value ?? 0) + 1;
  const blob = await newBlob(work, "demo_counter", () => String(value));
  await client.query(
    `insert into public.demo_counter values ($1, $2, $3)
     on conflict (client) do update set value = excluded.value, fileobj_id = excluded.fileobj_id`,
    [index, value, blob.id],
  );
  await client.query(
    `insert into public.setting values ('demo', $1, to_jsonb($2::int))
     on conflict (component, name) do update set value = excluded.value`,
    [`counter ${index}`, value],
  );
  const [previous] = before.rows;
  if (previous !== undefined) await client.query("delete from public.fileobj where id = $1", [previous.fileobj_id]);
  await client.query("commit");
  work.done.counts += 1;
  if (previous === undefined) return;
  await rm(join(work.fileStoragePath, blobPath({ component: "demo_counter", uuid: previous.uuid })));
}
