import { closeSync, existsSync, openSync, readdirSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { runCli } from "../../fixtures/run-cli.ts";
import { startProgram } from "../../fixtures/run-program.ts";
import { mustHold } from "../campaign.ts";
import { mustHoldNoLock } from "../two-states.ts";
import type { FullPlace } from "./places.ts";

/** A backup whose target has no room. @param by its disk is small, or single files may not grow */
export function backupWithout(form: "file" | "folder" | "stdout", by: "disk" | "limit"): FullPlace {
  const name = `backup to a ${form}${by === "limit" ? ", by a limit" : ""}`;
  let neededBytes: number | undefined;
  return {
    name,
    hasManyFiles: form === "folder" && by === "disk",
    disk: ({ target }) => (by === "limit" ? undefined : target.disk),
    named: /\/target/,
    async start({ states, target }, options) {
      const { config } = states["side-by-side"].instance;
      const path = join(target.path, "archive");
      const args = ["backup", ...config, "--one-shot", ...(form === "folder" ? ["--no-zip"] : [])];
      if (form !== "stdout") return startProgram([...args, path], options);
      const stdoutFd = openSync(path, "w");
      try {
        return startProgram([...args, "-"], { ...options, stdoutFd });
      } finally {
        closeSync(stdoutFd);
      }
    },
    async neededBytes(world) {
      if (neededBytes !== undefined) return neededBytes;
      const { ended } = await this.start(world, {});
      const end = await ended;
      mustHold(end.exitCode === 0, `${name}: with room it works`, end.stderr);
      const path = join(world.target.path, "archive");
      // One file may become as large as the largest one.
      const sizes = form === "folder" ? await fileSizes(path) : [(await stat(path)).size];
      neededBytes = by === "limit" ? Math.max(...sizes) : sizes.reduce((sum, size) => sum + size, 0);
      await rm(path, { recursive: true });
      return neededBytes;
    },
    async mustBeAsBefore({ target, states }, end) {
      if (form === "stdout") await rm(join(target.path, "archive"), { force: true });
      const left = readdirSync(target.path);
      mustHold(
        left.length === 0,
        `${name}: nothing is left in the folder of a target without room`,
        ...left,
        end.stderr,
      );
      await mustHoldNoLock(states["side-by-side"].instance, name);
    },
    async mustBeDone({ target }, end) {
      const path = join(target.path, "archive");
      mustHold(existsSync(path), `${name}: a backup that ends with 0 leaves an archive`, end.stderr);
      const verified = await runCli(["verify", path]);
      mustHold(verified.exitCode === 0, `${name}: a backup that ends with 0 is sound`, verified.stdout, end.stderr);
      await rm(path, { recursive: true });
    },
  };
}

async function fileSizes(folder: string): Promise<number[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile());
  return await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size));
}
