import { readdirSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { startProgram } from "../../fixtures/run-program.ts";
import { mustHold } from "../campaign.ts";
import type { FullPlace } from "./places.ts";

/** Room that the spool leaves to others in its folder, see src/stores/spool.ts. */
const reserveBytes = 64 * 1024 * 1024;
/** The second half of an archive comes so much later than the first: the disk may run full in between. */
const pauseMs = 700;

/** An archive that comes through stdin, and no room for the file that it is copied into. */
export function spoolWithout(by: "disk" | "limit"): FullPlace {
  const name = `spool${by === "limit" ? ", by a limit" : ""}`;
  return {
    name,
    hasManyFiles: false,
    disk: ({ spool }) => (by === "limit" ? undefined : spool.disk),
    named: /\/spool/,
    async start({ states, spool }, options) {
      const archive = await readFile(states["side-by-side"].current.archivePath);
      const started = startProgram(["verify", "-"], { ...options, stdin: "pipe", env: { TMPDIR: spool.path } });
      const { stdin } = started.child;
      // The program goes away when there is no room.
      stdin?.on("error", () => {});
      void (async () => {
        stdin?.write(archive.subarray(0, archive.length / 2));
        await Promise.race([sleep(pauseMs), started.ended]);
        stdin?.end(archive.subarray(archive.length / 2));
      })();
      return started;
    },
    async neededBytes({ states }) {
      const { size } = await stat(states["side-by-side"].current.archivePath);
      return by === "limit" ? size : reserveBytes + size;
    },
    async mustBeAsBefore({ spool }, end) {
      const left = readdirSync(spool.path);
      mustHold(left.length === 0, `${name}: nothing is left in the folder of temporary files`, ...left, end.stderr);
    },
    async mustBeDone({ spool }, end) {
      mustHold(end.stdout.startsWith("ok "), `${name}: with room it is verified`, end.stdout, end.stderr);
      mustHold(readdirSync(spool.path).length === 0, `${name}: nothing is left in the folder of temporary files`);
    },
  };
}
