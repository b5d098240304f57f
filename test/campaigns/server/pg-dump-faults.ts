import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault, Scene } from "./faults.ts";

/** A program in pg_dump's place: a shell script, `$real` being the real one. */
function inItsPlace(name: string, script: (scene: Scene) => string, more: Partial<Fault> = {}): Fault {
  return {
    name: `pg_dump ${name}`,
    only: "backup",
    async before(scene, env) {
      const path = join(scene.folder, "pg_dump");
      const real = join(scene.cluster.binDir, "pg_dump");
      await writeFile(path, `#!/bin/sh\nreal=${real}\n${script(scene)}\n`, { mode: 0o755 });
      env["NEXTGISWEB__NGWBACKUP__PG_BINDIR"] = scene.folder;
      return undefined;
    },
    exitCodes: [1, 4],
    ...more,
  };
}

const passVersion = `case "$1" in --version) exec "$real" "$@";; esac`;
const hanging = {
  exitCodes: [143],
  // Whoever waits for it ends us, and then it ends.
  async during({ pid }: Scene) {
    await sleep(500);
    const own = pid();
    if (own !== undefined) process.kill(own, "SIGTERM");
    return undefined;
  },
} satisfies Partial<Fault>;

/** Ways in which pg_dump is missing, unfit, or fails. */
export const pgDumpFaults: readonly Fault[] = [
  {
    name: "pg_dump missing",
    only: "backup",
    async before({ folder }, env) {
      env["NEXTGISWEB__NGWBACKUP__PG_BINDIR"] = folder;
      return undefined;
    },
    exitCodes: [4],
  },
  inItsPlace("older", () => `echo "pg_dump (PostgreSQL) 9.6.24"`, { exitCodes: [4] }),
  inItsPlace(
    "older than it says",
    () => `${passVersion}
echo 'pg_dump: error: aborting because of server version mismatch' >&2
echo 'pg_dump: detail: server version: 15.8; pg_dump version: 14.2' >&2
exit 1`,
    { exitCodes: [4] },
  ),
  inItsPlace("no program", () => `${passVersion}\nexit 127`),
  inItsPlace(
    "failing with noise",
    ({ random }) => `${passVersion}
seq ${1 + random.below(40_000)} | sed 's/^/pg_dump: warning: number /' >&2
printf 'no line end \\033[31m\\377' >&2
exit ${1 + random.below(100)}`,
  ),
  inItsPlace(
    "noisy",
    ({ random }) => `${passVersion}
seq ${1 + random.below(40_000)} | sed 's/^/pg_dump: warning: number /' >&2
exec "$real" "$@"`,
    { exitCodes: [0] },
  ),
  inItsPlace(
    "cut short",
    ({ random }) => `${passVersion}
"$real" "$@" | head -c ${random.below(60_000)}
exit ${random.below(2)}`,
    { exitCodes: [0, 1, 4] },
  ),
  inItsPlace("hanging", () => `${passVersion}\nexec sleep 1000`, hanging),
  inItsPlace("hanging deaf", () => `${passVersion}\ntrap '' TERM INT\nsleep 20\nsleep 20`, hanging),
  inItsPlace("hanging at its end", () => `${passVersion}\n"$real" "$@" | head -c 3000\nexec sleep 1000`, hanging),
  inItsPlace("stopped", () => `${passVersion}\nkill -STOP $$\nexec "$real" "$@"`, hanging),
  inItsPlace("killed at once", () => `${passVersion}\nkill -KILL $$`),
  inItsPlace("silent about its version", () => "exec sleep 1000", { exitCodes: [4] }),
  {
    name: "pg_dump killed",
    only: "backup",
    async during({ pid }) {
      const own = pid();
      if (own === undefined) return undefined;
      const children = await readFile(`/proc/${own}/task/${own}/children`, "utf8").catch(() => "");
      for (const child of children.split(" ").filter((text) => text !== "")) {
        try {
          process.kill(Number(child), "SIGKILL");
        } catch {
          // It has just ended.
        }
      }
      return undefined;
    },
  },
];
