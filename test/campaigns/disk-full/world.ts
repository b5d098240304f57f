import { chmod, mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withClient } from "../../fixtures/postgres.ts";
import type { TestClusterAddress } from "../../fixtures/test-cluster.ts";
import { type TwoStates, type Way, createTwoStates } from "../two-states.ts";
import { type SmallDisk, mountSmallDisk } from "../../fixtures/small-disk.ts";

const mebibyte = 1024 * 1024;

/** A folder, which is a disk of its own where this process may mount one. */
export interface DiskFolder {
  path: string;
  disk: SmallDisk | undefined;
}

/** Disks of an instance. */
export interface InstanceDisks {
  /** The data folder. */
  storage: SmallDisk;
  /** The folder of fonts in it. */
  fonts: SmallDisk;
  /** The tablespace of its database and of the template. */
  database: SmallDisk;
}

/** Instances and folders whose disks can be filled. */
export interface DiskFullWorld {
  /** Side by side from a file, in place from a folder. */
  states: Readonly<Record<Way, TwoStates>>;
  disks: Readonly<Record<Way, Partial<InstanceDisks>>>;
  /** Where archives go. */
  target: DiskFolder;
  /** The folder of temporary files. */
  spool: DiskFolder;
  close(): Promise<void>;
}

const ways: readonly Way[] = ["side-by-side", "in-place"];

/** Makes two instances, each on three disks of its own where this process may mount them. */
export async function createDiskFullWorld(cluster: TestClusterAddress): Promise<DiskFullWorld> {
  const folder = await mkdtemp(join(tmpdir(), "ngwbackup-test-"));
  // The server's user finds its tablespaces in there.
  await chmod(folder, 0o711);
  const mounted: SmallDisk[] = [];
  const mount = async (path: string, sizeBytes: number, owner = {}): Promise<SmallDisk | undefined> => {
    const disk = await mountSmallDisk(path, { sizeBytes, ...owner });
    if (disk !== undefined) mounted.unshift(disk);
    return disk;
  };
  const states = {} as Record<Way, TwoStates>;
  const disks = {} as Record<Way, Partial<InstanceDisks>>;
  const target = join(folder, "target");
  const spool = join(folder, "spool");
  await mkdir(target);
  await mkdir(spool);
  const tablespaces: string[] = [];
  for (const way of ways) {
    const one = await createTwoStates(cluster, way, { noZip: way === "in-place" });
    const { instance } = one;
    states[way] = one;
    const { uid, gid } = await stat(cluster.host);
    const database = await mount(join(folder, way), 128 * mebibyte, { uid, gid });
    const storage = await mount(instance.sdir, 16 * mebibyte);
    const fonts = storage && (await mount(join(instance.sdir, "core", "fontconfig"), mebibyte));
    if (database !== undefined) tablespaces.push(await moveDatabase(one, database.path));
    disks[way] = { ...(database && { database }), ...(storage && { storage }), ...(fonts && { fonts }) };
  }
  return {
    states,
    disks,
    target: { path: target, disk: await mount(target, 16 * mebibyte) },
    spool: { path: spool, disk: await mount(spool, 96 * mebibyte) },
    async close() {
      const ofServer = mounted.filter((disk) => ways.some((way) => disks[way].database === disk));
      const unmount = async (those: readonly SmallDisk[]): Promise<void> => {
        for (const disk of those) await disk.unmount();
      };
      try {
        // No folder that is a disk can be removed, and no tablespace that holds a database.
        await unmount(mounted.filter((disk) => !ofServer.includes(disk)));
        for (const way of ways) await states[way].close();
        const { admin } = states["in-place"].instance.database;
        await withClient({ ...admin, database: "postgres" }, async (client) => {
          for (const name of tablespaces) await client.query(`drop tablespace ${name}`);
        });
      } finally {
        await unmount(ofServer);
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Moves a database and the template of new ones into a tablespace. @returns its name */
async function moveDatabase({ instance, way }: TwoStates, path: string): Promise<string> {
  const { admin, name, role } = instance.database;
  const tablespace = `${name}_space`;
  await withClient({ ...admin, database: "postgres" }, async (client) => {
    await client.query(`create tablespace ${tablespace} location '${path}'`);
    await client.query(`grant create on tablespace ${tablespace} to ${role}`);
    await client.query(`alter database ${name} set tablespace ${tablespace}`);
    if (way === "side-by-side") await client.query(`alter database ${name}_template set tablespace ${tablespace}`);
  });
  return tablespace;
}
