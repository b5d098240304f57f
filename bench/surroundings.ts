import { chmod, lstat, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { type Cluster, startCluster } from "../src/cluster/cluster.ts";
import { ensureServer } from "../src/cluster/install-server.ts";
import { isAlive, ownPid } from "../src/cluster/processes.ts";
import type { ServerBinaries } from "../src/cluster/server-binaries.ts";
import type { Context } from "../src/context.ts";

/** What every part of the bench works in. */
export interface Surroundings {
  /** Of programs: nothing of libpq's or of an installation's variables is in it. */
  env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  server: ServerBinaries;
  /** For everything that is made; removed at the end. */
  folder: string;
  startedAt: Date;
  /** Says how far things are, on stderr. */
  note: (line: string) => void;
}

/** Start of the names of folders; the process id of the bench follows. */
const folderPrefix = "ngwbackup-bench-";

/**
 * Makes a folder, does something in it, and removes it, however that ends.
 * @param parentFolder an existing folder; the one of temporary files when left out
 * @throws RefusedError when PostgreSQL with PostGIS is not installed, and cannot be
 */
export async function withSurroundings<T>(
  context: Context,
  parentFolder: string | undefined,
  action: (surroundings: Surroundings) => Promise<T>,
): Promise<T> {
  const { signal, isRoot, stderr } = context;
  const env = Object.fromEntries(Object.entries(context.env).filter(([name]) => !/^(PG[A-Z]|NEXTGISWEB)/.test(name)));
  const note = (line: string): void => void stderr.write(`[${context.now().toISOString().slice(11, 19)}] ${line}\n`);
  const server = await ensureServer({ env, signal, isRoot, note });
  const parent = parentFolder ?? tmpdir();
  await clearLeftovers(parent);
  const folder = await mkdtemp(join(parent, `${folderPrefix}${ownPid}-`));
  try {
    // The server runs as another user when we are root, and has its data below.
    await chmod(folder, 0o711);
    return await action({ env, signal, server, folder, startedAt: context.now(), note });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes the folders of benches that were killed: they may be many gigabytes. Their servers have gone with them. */
async function clearLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = Number(new RegExp(`^${folderPrefix}(\\d+)-`).exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    const folder = join(parent, name);
    const { uid } = await lstat(folder);
    if (uid === userInfo().uid) await rm(folder, { recursive: true, force: true });
  }
}

/** Does something with a fresh server and an empty folder of a name; both are gone when it returns. */
export async function withServer<T>(
  { env, signal, server, folder: parentFolder }: Surroundings,
  name: string,
  action: (cluster: Cluster, folder: string) => Promise<T>,
): Promise<T> {
  const folder = join(parentFolder, name);
  const cluster = await startCluster({
    folder: parentFolder,
    env,
    signal,
    server,
    // As installed, except that thousands of layers fit into one transaction of pg_dump or of a restore by hand, and
    // that nothing else is at work while we measure.
    settings: { max_locks_per_transaction: "2048", autovacuum: "off" },
  });
  try {
    await mkdir(folder);
    return await action(cluster, folder);
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
