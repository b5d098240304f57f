import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { fingerprintDatabase } from "../../../src/demo/fingerprint.ts";
import { connect } from "../../../src/postgres/connection.ts";
import { planLoad } from "../../../src/postgres/load/load-order.ts";
import { loadParallel } from "../../../src/postgres/load/load-parallel.ts";
import { loadSerial } from "../../../src/postgres/load/load-serial.ts";
import { silentReporter } from "../../../src/progress.ts";
import { goldenArchives } from "../../fixtures/golden.ts";
import { createTestDatabase } from "../../fixtures/postgres.ts";
import { extractDump, folderSource } from "./folder-source.ts";

const never = new AbortController().signal;

describe.skipIf(goldenArchives.length === 0).each(goldenArchives)("golden archive $name", (golden) => {
  test.each([
    { way: "serially", jobs: 0, parts: 1 },
    { way: "over one connection", jobs: 1, parts: 1 },
    { way: "over three connections", jobs: 3, parts: 1 },
    { way: "over three connections in pieces", jobs: 3, parts: 5 },
  ])("loads $way as an ordinary role and gives its fingerprint", async ({ jobs, parts }) => {
    const database = await createTestDatabase();
    const folder = await extractDump(golden.path);
    try {
      const source = folderSource(folder, parts);
      const plan = planLoad(source.toc);
      const common = { entries: plan.entries, source, reporter: silentReporter, signal: never };
      if (jobs > 0) await loadParallel({ ...common, jobs, connect: () => connect(database.settings) });
      else {
        const client = await connect(database.settings);
        await client.query("BEGIN");
        await loadSerial(client, common);
        await client.query("COMMIT");
        expect((await client.query("SHOW search_path")).rows[0]).toEqual({ search_path: '"$user", public' });
        await client.end();
      }
      const { tables, sequences, objects } = golden.expected();
      expect(await fingerprintDatabase(database.settings)).toEqual({ tables, sequences, objects });
      expect(plan.extensions.toSorted()).toEqual(["hstore", "postgis"]);
    } finally {
      await rm(dirname(folder), { recursive: true });
      await database.drop();
    }
  });
});
