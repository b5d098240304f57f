import type { Finding } from "../../finding.ts";
import type { Client } from "../connection.ts";
import { readDatabaseBelongings } from "../database-properties.ts";
import type { Toc } from "../toc.ts";

/**
 * What the live database holds and an archive does not: it stays behind in the previous database. Slots and subscriptions
 * stop an administrator for a moment, because they go on with the database they were made in.
 * @param client connected to the live database
 */
export async function belongingsFindings(client: Client, toc: Toc | undefined): Promise<Finding[]> {
  const live = await readDatabaseBelongings(client);
  const named = (description: string): Set<string> =>
    new Set(toc?.entries.filter((entry) => entry.description === description).map(({ tag }) => tag));
  const behind: [string, string[], string][] = [
    ["schema", live.schemas.filter((name) => name !== "public"), "SCHEMA"],
    ["extension", live.extensions.map(({ name }) => name).filter((name) => name !== "plpgsql"), "EXTENSION"],
    ["publication", live.publications, "PUBLICATION"],
    ["event trigger", live.eventTriggers, "EVENT TRIGGER"],
    ["foreign server", live.foreignServers, "SERVER"],
    ["subscription", live.subscriptions, "never"],
    ["replication slot", live.replicationSlots, "never"],
  ];
  // without an archive there is nothing to compare with, but slots and subscriptions are lost whatever it holds
  const details = behind.flatMap(([kind, names, description]) => {
    if (toc === undefined && description !== "never") return [];
    const kept = named(description);
    return names.filter((name) => !kept.has(name)).map((name) => `${kind} ${name}`);
  });
  if (details.length === 0) return [];
  return [
    {
      level: "warn",
      check: "belongings",
      message: `${details.length} things of the database are not in the archive and stay behind in the previous database`,
      details,
    },
  ];
}
