import { fullWorkloads } from "../../bench/workloads.ts";
import { quoteIdentifier } from "../../src/postgres/quoting.ts";
import { type TestDatabase, withClient } from "../fixtures/postgres.ts";
import { type CliResult, runCli } from "../fixtures/run-cli.ts";
import type { TestClusterAddress } from "../fixtures/test-cluster.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";
import { type Campaign, type CaseDraw, mustHold } from "./campaign.ts";
import type { Feature } from "./many/feature.ts";
import { allFeatures, copyExtensions, fill, stateDifferences, stateOf } from "./many/made-instance.ts";
import { type Quantity, runQuantity } from "./many/quantities.ts";
import type { Random } from "./random.ts";

interface World {
  cluster: TestClusterAddress;
  /** Roles of the server that grants, policies and owners name. */
  reader: string;
  other: string;
}

/** Every so many cases one of each quantity comes. */
const quantityEvery = 100;

/** What is restored into, and how. */
const routes = [
  { way: "side-by-side", over: "nothing" },
  { way: "side-by-side", over: "another" },
  { way: "in-place", over: "nothing" },
  { way: "in-place", over: "another" },
  { way: "in-place", over: "itself" },
] as const;

/**
 * Backs up databases that hold strange things under strange names, and restores them.
 * @param quantities run by the first cases of each hundred
 */
export function manyOf(quantities: readonly Quantity[]): Campaign<World> {
  return {
    name: "many",
    about:
      "backs up and restores databases of strange definitions and names, of many layers, many files, one large table",
    shortCount: 7,
    fullCount: 300,
    async prepare({ cluster }) {
      const roles = ["reader", "other"].map((stem) => `many_${stem}_${process.pid}_${performance.now().toFixed(0)}`);
      const [reader, other] = roles as [string, string];
      const server = { host: cluster.host, port: cluster.port, database: "postgres", user: cluster.superuser, env: {} };
      await withClient(server, (client) => client.query(roles.map((role) => `CREATE ROLE ${role}`).join(";")));
      return {
        world: { cluster, reader, other },
        close: () =>
          withClient(server, async (client) => void (await client.query(`DROP ROLE ${reader}; DROP ROLE ${other}`))),
      };
    },
    async runCase(world, draw) {
      const quantity = quantities[(draw.seed - 1) % quantityEvery];
      return quantity === undefined
        ? await runDefinitions(world, draw)
        : await runQuantity(world.cluster, quantity, draw);
    },
  };
}

/** The whole of it. */
export const many: Campaign<World> = manyOf(
  ["layers", "blobs", "one"].map((name) => {
    const workload = fullWorkloads.find((one) => one.name === name);
    if (workload === undefined) throw new Error(`there is no workload ${name}`);
    return { name: workload.about, scale: workload.scale };
  }),
);

async function runDefinitions(world: World, { random }: CaseDraw): Promise<string> {
  const superuser = random.below(3) === 0;
  const features = drawFeatures(random, superuser);
  const source = await makeInstance(world, superuser);
  try {
    await fill(source, { ...world, random, features });
    const backup = await runCli(["backup", ...source.config, "--one-shot"]);
    if (backup.exitCode === 4) return `backup: ${refusalOf(backup, features)}`;
    mustHold(backup.exitCode === 0, "a backup succeeds or is refused", named(features), backup.stderr);
    const archive = backup.stdout.trim();
    const verified = await runCli(["verify", archive]);
    mustHold(verified.exitCode === 0, "the archive is sound", named(features), verified.stdout, verified.stderr);
    return await restoreSomewhere(world, random, { superuser, features, source, archive });
  } finally {
    await withoutSubscriptions(source.database);
    await dropInstance(world, source);
  }
}

interface Saved {
  superuser: boolean;
  features: readonly Feature[];
  source: TestInstance;
  archive: string;
}

async function restoreSomewhere(world: World, random: Random, saved: Saved): Promise<string> {
  const { superuser, features, source, archive } = saved;
  const { binDir } = world.cluster;
  const { way, over } = random.oneOf(routes);
  const target = await makeInstance(world, superuser);
  try {
    // an ordinary role's database gets its extensions from an administrator; that this was forgotten is a case, too
    const hasExtensions = over === "itself" || random.below(4) > 0;
    if (hasExtensions) await copyExtensions(source, target);
    if (over === "another") await fill(target, { ...world, random, features: drawPlain(random) });
    if (over === "itself") {
      const first = await restore(target, "in-place", archive, "0");
      if (first.exitCode === 4) return `first in-place: ${refusalOf(first, features)}`;
      mustHold(first.exitCode === 0, "a restore in place succeeds or is refused", named(features), first.stderr);
    }
    const before = await stateOf(target, binDir);
    const route = `${way} over ${over}`;
    // what the archive adds to the database as a whole is not taken back by an undo in place, see undoInPlace
    const canUndo = way === "side-by-side" || features.every(({ databaseWide }) => databaseWide !== true);
    const undoes = over !== "nothing" && canUndo && random.below(2) === 0;
    if (undoes && (await restore(target, way, archive, "1h")).exitCode === 0) {
      const undone = await runCli(["restore", ...target.config, "--undo"]);
      mustHold(undone.exitCode === 0, `${route}: the restore can be undone`, named(features), undone.stderr);
      const left = stateDifferences(before, await stateOf(target, binDir));
      mustHold(
        left.length === 0,
        `${route}: an undo brings back what was there`,
        named(features),
        ...left.slice(0, 20),
      );
    }
    const restored = await restore(target, way, archive, "0");
    if (restored.exitCode === 4) {
      const changed = stateDifferences(before, await stateOf(target, binDir));
      mustHold(changed.length === 0, `${route}: a refused restore changes nothing`, ...changed.slice(0, 10));
      return `${route}: ${refusalOf(restored, features)}`;
    }
    mustHold(restored.exitCode === 0, `${route}: a restore succeeds or is refused`, named(features), restored.stderr);
    const differing = stateDifferences(await stateOf(source, binDir), await stateOf(target, binDir));
    mustHold(
      differing.length === 0,
      `${route}: what is restored is what was saved`,
      named(features),
      ...differing.slice(0, 20),
    );
    return `${route}: equal${undoes ? ", undone before" : ""}`;
  } finally {
    await dropInstance(world, target);
  }
}

function restore(target: TestInstance, way: string, archive: string, keep: string): Promise<CliResult> {
  return runCli(["restore", ...target.config, `--${way}`, "--keep-previous", keep, archive]);
}

/** A refusal says what to change. */
function refusalOf({ stderr }: CliResult, features: readonly Feature[]): string {
  const code = /^error: ([^\n]*)/m.exec(stderr)?.[1] ?? "";
  mustHold(/^hint: /m.test(stderr), "a refusal says what to change", named(features), stderr);
  return `refused (${code.replaceAll(/"[^"]*"|\d+/g, "...").slice(0, 80)})`;
}

function named(features: readonly Feature[]): string {
  return `with ${features.map(({ name }) => name).join(", ")}`;
}

function drawFeatures(random: Random, superuser: boolean): Feature[] {
  const share = random.oneOf([0.15, 0.4, 0.8]);
  return allFeatures.filter((feature) => {
    const isDrawn = random.fraction() < share;
    // half of all cases would end before they began
    const isRare = feature.name === "forced row-level security" && !superuser && random.below(8) > 0;
    return isDrawn && !isRare && (superuser || feature.superuser !== true);
  });
}

/** What may stand in a target beforehand: nothing that a restore in place leaves there. */
function drawPlain(random: Random): Feature[] {
  return allFeatures.filter(
    ({ databaseWide, name }) =>
      databaseWide !== true && !name.includes("extension") && !name.startsWith("strings") && random.fraction() < 0.4,
  );
}

async function makeInstance({ cluster, other }: World, superuser: boolean): Promise<TestInstance> {
  const instance = await createTestInstance({ cluster, postgis: false, superuser, createDb: true });
  const { admin, role } = instance.database;
  await withClient(admin, (client) => client.query(`GRANT ${other} TO ${role}`));
  return instance;
}

/** What belongs to the roles that others use as well would keep the database's role from going. */
async function dropInstance({ reader, other }: World, instance: TestInstance): Promise<void> {
  await withClient(instance.database.admin, (client) => client.query(`DROP OWNED BY ${reader}, ${other}`));
  await instance.drop();
}

/** A database with a subscription cannot be dropped. */
async function withoutSubscriptions({ admin }: TestDatabase): Promise<void> {
  await withClient(admin, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "SELECT subname AS name FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    for (const { name } of rows) await client.query(`DROP SUBSCRIPTION ${quoteIdentifier(name)}`);
  });
}
