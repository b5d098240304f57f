import { closeSync, openSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ExitCode } from "../../../src/errors.ts";
import { mustHold } from "../campaign.ts";
import { mustEndWell } from "./clear-error.ts";
import type { DisturbedCommand } from "./commands.ts";

/** A verification of a sound archive: what cannot be read is no damage. */
export function disturbVerify(form: "file" | "folder" | "stdin"): DisturbedCommand {
  let stdinFd: number | undefined;
  return {
    name: `verify ${form}`,
    async prepare({ states, folder, spool }) {
      const { archivePath } = states[form === "folder" ? "in-place" : "side-by-side"].current;
      const roots = { archive: dirname(archivePath), spool };
      const common = { roots, log: join(folder, "calls"), env: { TMPDIR: spool } };
      if (form !== "stdin") return { ...common, args: ["verify", archivePath] };
      stdinFd = openSync(archivePath, "r");
      return { ...common, args: ["verify", "-"], stdin: stdinFd };
    },
    async settle({ spool }, run) {
      if (stdinFd !== undefined) closeSync(stdinFd);
      stdinFd = undefined;
      mustEndWell(run, [ExitCode.failed, ExitCode.refused]);
      // A name that could not be removed stays in the system's folder for temporary files.
      const left = readdirSync(spool);
      for (const name of left) rmSync(join(spool, name));
      mustHold(left.length === 0 || run.call.kind === "remove", "nothing is left of what came through stdin", ...left);
      return run.end.exitCode === 0 ? "sound all the same" : "not read";
    },
  };
}
