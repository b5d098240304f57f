import { closeSync, openSync, readdirSync } from "node:fs";
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
    family: `verify ${form}`,
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
      const left = readdirSync(spool);
      mustHold(left.length === 0, "nothing is left of what came through stdin", ...left);
      return run.end.exitCode === 0 ? "sound all the same" : "not read";
    },
  };
}
