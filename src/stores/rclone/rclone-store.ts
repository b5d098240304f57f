import { setTimeout as sleep } from "node:timers/promises";
import { RefusedError } from "../../errors.ts";
import { describeOwner, isOwnerAlive } from "../../run-owner.ts";
import { foreignRestMs } from "../dead-temporaries.ts";
import { refuseParameters } from "../location.ts";
import { checkObjectName } from "../object-names.ts";
import { targetExists } from "../publish.ts";
import type { Store } from "../store.ts";
import { ownedTemporaryName, parseTemporaryName } from "../temporary-names.ts";
import { type ListedPath, decodeListing } from "./listing.ts";
import { startUpload } from "./rcat.ts";
import { rclonePaths } from "./rclone-paths.ts";
import { createRcloneSink } from "./rclone-sink.ts";
import { type RcloneProgram, askRclone } from "./run-rclone.ts";

/** Remotes keep times by the second, or by two. */
const coarsestTimeMs = 2000;
/** Names on encrypting remotes have some 140 bytes; ours takes 80 of them. */
const longestStemCharacters = 30;

/** What nobody may have set otherwise for the rclone that he types himself. */
const ownEnvironment = {
  RCLONE_ASK_PASSWORD: "false",
  RCLONE_DRY_RUN: "false",
  RCLONE_INTERACTIVE: "false",
  RCLONE_PROGRESS: "false",
};

/**
 * A folder of a remote of rclone, through the installed program: nothing but what rclone itself finds its remotes by is
 * needed, and no secret passes through us.
 * @param root URL without a slash at its end: `rclone:remote:path`
 * @param pid of this process, for the names of temporaries
 * @throws UsageError store-url for a remote with parameters
 */
export function createRcloneStore(root: string, { path, env }: RcloneProgram, pid: number): Store {
  refuseParameters(root);
  const rclone: RcloneProgram = { path, env: { ...env, ...ownEnvironment } };
  const remote = root.slice("rclone:".length);
  const paths = rclonePaths(rclone, remote);
  const locate = (name: string): string => paths.locate(name);

  /** Undefined when there is no such folder. */
  const listAll = async (signal: AbortSignal): Promise<ListedPath[] | undefined> => {
    const args = ["lsjson", "--files-only", "--no-mimetype", remote];
    const said = await askRclone(rclone, args, { doing: `list ${root}`, signal });
    return said === undefined ? undefined : decodeListing(said, root);
  };

  return {
    label: root,
    locate(name) {
      checkObjectName(name);
      return locate(name);
    },
    async *list(signal) {
      const found = await listAll(signal);
      if (found === undefined) throw new RefusedError("no-folder", `cannot list ${root}: there is no such folder`);
      for (const { name, sizeBytes, modifiedAt } of found)
        if (temporaryOf(name) === undefined) yield { name, sizeBytes, modifiedAt };
    },
    async stat(name, signal) {
      checkObjectName(name);
      const found = await paths.stat(name, signal);
      if (found === undefined || found.isFolder) return undefined;
      return { name, sizeBytes: found.sizeBytes, modifiedAt: found.modifiedAt };
    },
    async open(name, signal) {
      checkObjectName(name);
      return await paths.open(name, signal);
    },
    async create(name, options) {
      checkObjectName(name);
      const { signal } = options;
      const taken = await paths.stat(name, signal);
      if (taken?.isFolder === true)
        throw new RefusedError("target-unfit", `${locate(name)} is a folder, so it is not replaced by a file`, {
          hints: ["choose another name"],
        });
      if (taken !== undefined && options.overwrite !== true) throw targetExists(locate(name));
      // Whoever reads the old one tells the new one from it by its time.
      if (taken !== undefined && Math.abs(Date.now() - taken.modifiedAt.getTime()) < coarsestTimeMs)
        await sleep(coarsestTimeMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      const stem = (name.split("/").at(-1) ?? "").slice(0, longestStemCharacters);
      const temporaryName = ownedTemporaryName(stem, await describeOwner(pid));
      const call = { doing: `write ${locate(name)}`, signal };
      const upload = await startUpload(rclone, paths.remotePath(temporaryName), call);
      return createRcloneSink({
        paths,
        name,
        temporaryName,
        upload,
        options,
        async refuseTaken() {
          if ((await paths.stat(name, signal)) !== undefined) throw targetExists(locate(name));
        },
      });
    },
    async remove(name, signal) {
      checkObjectName(name);
      await paths.remove(name, signal);
    },
    async clearDead(now, signal) {
      const removed: string[] = [];
      for (const { name, modifiedAt } of (await listAll(signal)) ?? []) {
        const temporary = temporaryOf(name);
        if (temporary === undefined) continue;
        const { owner, isOurHost } = temporary;
        const rested = now.getTime() - modifiedAt.getTime() > foreignRestMs;
        if (isOurHost ? await isOwnerAlive(owner) : !rested) continue;
        await paths.remove(name, signal);
        removed.push(locate(name));
      }
      return removed;
    },
    close: () => Promise.resolve(),
  };
}

/** Newer releases of rclone give what they write a name of their own until it is whole. */
function temporaryOf(name: string): ReturnType<typeof parseTemporaryName> {
  return parseTemporaryName(name.replace(/\.[A-Za-z0-9]{8}\.partial$/, ""));
}
