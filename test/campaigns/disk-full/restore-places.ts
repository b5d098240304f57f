import { runCli } from "../../fixtures/run-cli.ts";
import { startProgram } from "../../fixtures/run-program.ts";
import { withClient } from "../../fixtures/postgres.ts";
import { mustHold } from "../campaign.ts";
import { arriveAtOther } from "../after-restore.ts";
import { type Way, mustBeIn, mustHoldOneCopy } from "../two-states.ts";
import type { FullPlace } from "./places.ts";

/** A restore for which there is no room in one of its places. @param what `limit`: single files may not grow */
export function restoreWithout(way: Way, what: "storage" | "fonts" | "database" | "limit"): FullPlace {
  const name = `restore ${way}, ${what === "limit" ? "storage by a limit" : what}`;
  return {
    name,
    hasManyFiles: what === "storage",
    disk: ({ disks }) => (what === "limit" ? undefined : disks[way][what]),
    // The server names the file in which it had no room, from its own folder.
    named: what === "database" ? /disk|"(base|pg_)\S+"|\/\w/ : /\/data/,
    async start({ states }, options) {
      const { instance, other } = states[way];
      const keep = ["--keep-previous", "0"];
      return startProgram(["restore", ...instance.config, `--${way}`, ...keep, other.archivePath], options);
    },
    async neededBytes({ states }) {
      const { other, instance } = states[way];
      const sizes = Object.values(other.fingerprint.blobs).map(({ size }) => size);
      if (what === "limit") return Math.max(...sizes);
      if (what === "storage") return sizes.reduce((sum, size) => sum + size, 0);
      if (what === "fonts") return 40_000;
      return await withClient(instance.database.admin, async (client) => {
        const { rows } = await client.query<{ bytes: string }>("select pg_database_size(current_database()) as bytes");
        return Number(rows[0]!.bytes);
      });
    },
    async mustBeAsBefore({ states, disks }, { stderr }) {
      const { [way]: one } = states;
      mustBeIn(one, await one.instance.fingerprint(), [one.current]);
      if (/next command/.test(stderr)) {
        mustHold(what === "database", `${name}: files can be taken back on a full disk`, stderr);
        // A server without room may not even be able to drop something.
        await disks[way].database?.enlarge();
        const next = await runCli(["check", ...one.instance.config]);
        mustHold(next.exitCode === 0, `${name}: the next command works once there is room`, next.stdout, next.stderr);
      }
      await mustHoldOneCopy(one, name);
    },
    async mustBeDone({ states }, { stderr }) {
      const { [way]: one } = states;
      mustHold(mustBeIn(one, await one.instance.fingerprint(), [one.other]) === one.other, name, stderr);
      arriveAtOther(one);
      await mustHoldOneCopy(one, name);
    },
  };
}
