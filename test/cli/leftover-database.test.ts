import { expect, test } from "vitest";
import { besideName } from "../../src/postgres/side-by-side/database-names.ts";
import { commentOnDatabase, encodeDatabaseMarker } from "../../src/postgres/side-by-side/database-marker.ts";
import { withClient } from "../fixtures/postgres.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { createTestInstance } from "../fixtures/test-instance.ts";

test("the next command drops the database of a restore that failed, and names it", async () => {
  const instance = await createTestInstance({ createDb: true });
  try {
    const { settings, name: of } = instance.database;
    const now = new Date();
    const name = besideName(of, "restore", now, "deadrun1");
    const elsewhere = { ...settings, database: "postgres" };
    await withClient(elsewhere, async (client) => {
      await client.query(`CREATE DATABASE "${name}"`);
      const marker = { kind: "restore", runId: "deadrun1", of, createdAt: now.toISOString() } as const;
      const nobody = { keepUntil: null, pid: null, startedAt: null, comment: null };
      await client.query(commentOnDatabase(name, encodeDatabaseMarker({ ...marker, ...nobody })));
    });
    const check = await runCli(["check", ...instance.config]);
    expect(check.stderr).toContain(`dropped database ${name}, which a restore had left behind`);
    const left = await withClient(elsewhere, (client) =>
      client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]),
    );
    expect(left.rows).toEqual([]);
  } finally {
    await instance.drop();
  }
});
