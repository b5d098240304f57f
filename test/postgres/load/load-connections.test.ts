import { expect, test } from "vitest";
import type { Client } from "../../../src/postgres/connection.ts";
import { connect } from "../../../src/postgres/connection.ts";
import { connectionsFor, openLoadConnections } from "../../../src/postgres/load/load-connections.ts";
import type { LoadStages } from "../../../src/postgres/load/load-stages.ts";
import { createTestDatabase } from "../../fixtures/postgres.ts";

function stagesOf(tables: number): LoadStages {
  const unit = { rows: undefined, builds: [] };
  return {
    schema: [],
    tables: Array.from({ length: tables }, () => unit),
    sequences: [],
    largeObjects: [],
    foreignKeys: [],
    rest: [],
  };
}

test.each([
  [1, 9000, 1],
  [2, 199, 2],
  [2, 200, 4],
  [4, 200, 8],
  [6, 200, 8],
  [12, 200, 12],
])("%i jobs and %i tables take %i connections", (jobs, tables, connections) => {
  expect(connectionsFor(jobs, stagesOf(tables))).toBe(connections);
});

test("connections beyond the jobs are done without when the server has no more", async () => {
  const database = await createTestDatabase({ postgis: false });
  const clients: Client[] = [];
  try {
    let left = 3;
    const texts = { encoding: "UTF8", standardStrings: true };
    const connectFew = (): Promise<Client> => {
      left -= 1;
      return left < 0 ? Promise.reject(new Error("too many connections")) : connect(database.settings);
    };
    const never = new AbortController().signal;
    await openLoadConnections(clients, connectFew, texts, { needed: 2, wanted: 4 }, never);
    expect(clients).toHaveLength(3);
    await expect(openLoadConnections(clients, connectFew, texts, { needed: 4, wanted: 8 }, never)).rejects.toThrow(
      "too many connections",
    );
  } finally {
    for (const client of clients) await client.end();
    await database.drop();
  }
});
