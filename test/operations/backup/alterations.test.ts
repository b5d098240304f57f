import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { testCluster, withClient } from "../../fixtures/postgres.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../../fixtures/test-instance.ts";

let instance: TestInstance;

beforeAll(async () => {
  instance = await createTestInstance();
  const { settings } = instance.database;
  await createInstance({ settings, sdir: instance.sdir, scale: tinyScale });
  await withClient(settings, (client) =>
    client.query(`
      create table public.aaa as select i, repeat('x', 1000) as filling from generate_series(1, 2500) i;
      create table public.zzz as select i from generate_series(1, 100) i;
      create table public.zzz_large as select i, repeat('y', 1000) as filling from generate_series(1, 300) i`),
  );
});
afterAll(() => instance.drop());

async function until(sql: string): Promise<void> {
  await withClient(instance.database.admin, async (client) => {
    while ((await client.query(sql)).rowCount === 0) await sleep(20);
  });
}

describe("a backup of tables that somebody wants to alter", () => {
  test.each([
    ["small", "zzz"],
    ["large", "zzz_large"],
  ])(
    "reads a %s one although he waits for it, and lets him go on then",
    async (size, table) => {
      const { settings } = instance.database;
      const path = join(instance.folder, `${size}.ngwbackup`);
      // The first table is read for a while; tables are not copied ahead at a rate.
      const running = runCli([
        "backup",
        ...instance.config,
        "--one-shot",
        "--jobs",
        "2",
        "--read-rate",
        "800KiB",
        path,
      ]);
      await until("select from pg_stat_activity where query ~ '^COPY .*aaa' and application_name = 'ngwbackup copy'");
      const altered = withClient(settings, (client) =>
        client.query(`alter table public.${table} alter i type bigint, add more_${size} float8 default random()`),
      );
      await until("select from pg_stat_activity where query ~ '^alter' and wait_event_type = 'Lock'");
      expect(await running).toMatchObject({ exitCode: 0 });
      await altered;
      const verified = await runCli(["verify", path]);
      expect(verified).toMatchObject({ exitCode: 0 });
    },
    120_000,
  );

  test("has every row once, although an index of values stored apart is rebuilt while they are read", async () => {
    const { settings } = instance.database;
    await withClient(settings, (client) =>
      client.query(`
        create table public.apart (i integer, filling text);
        alter table public.apart alter filling set storage external;
        insert into public.apart select i, repeat(md5(i::text), 100) from generate_series(1, 2000) i`),
    );
    const backup = async (path: string, ...args: string[]): Promise<{ rows: number }> => {
      const { exitCode, stdout } = await runCli(["backup", ...instance.config, "--one-shot", "--json", ...args, path]);
      expect(exitCode).toBe(0);
      const summary = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as { rows: number };
      expect(summary.rows).toBeGreaterThan(4000);
      return summary;
    };
    const undisturbed = await backup(join(instance.folder, "undisturbed.ngwbackup"));
    const path = join(instance.folder, "reindexed.ngwbackup");
    const running = backup(path, "--jobs", "2", "--read-rate", "3MiB");
    await until("select from pg_stat_activity where query ~ '^COPY .*apart' and application_name = 'ngwbackup copy'");
    let rebuilds = 0;
    for (; rebuilds < 4; rebuilds += 1) {
      await withClient(settings, async (client) => {
        await client.query("begin; reindex table public.apart");
        await sleep(400);
        await client.query("commit");
      });
    }
    expect((await running).rows).toBe(undisturbed.rows);
    expect(await runCli(["verify", path])).toMatchObject({ exitCode: 0 });
  }, 120_000);

  test("begins anew where something is dropped before its locks, and says so", async () => {
    const folder = await tempFolder();
    const real = join(testCluster().binDir, "pg_dump");
    // The first time pg_dump fails as it does when a table goes while it looks.
    const script = `#!/bin/sh
case "$1" in --version) exec ${real} "$@";; esac
if [ ! -e ${folder}/once ]; then
  touch ${folder}/once
  echo 'pg_dump: error: query failed: ERROR:  relation "vector_layer.gone" does not exist' >&2
  exit 1
fi
exec ${real} "$@"
`;
    await writeFile(join(folder, "pg_dump"), script, { mode: 0o755 });
    const path = join(instance.folder, "anew.ngwbackup");
    const env = { NEXTGISWEB__NGWBACKUP__PG_BINDIR: folder };
    const ended = await runCli(["backup", ...instance.config, "--one-shot", path], { env });
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(ended.stderr).toContain(
      'relation "vector_layer.gone" does not exist: nothing was written yet, so it begins anew',
    );
    expect(await runCli(["verify", path])).toMatchObject({ exitCode: 0 });
  });
});
