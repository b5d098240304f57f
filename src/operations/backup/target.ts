import { mkdir, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { RefusedError, UsageError } from "../../errors.ts";

/** Where an archive goes. */
export type BackupTarget =
  | { kind: "stdout" }
  /** A ZIP file, absolute path. */
  | { kind: "file"; path: string }
  /** A folder with the archive's entries as files, absolute path. */
  | { kind: "folder"; path: string };

/** What the destination is worked out from. */
export interface TargetRequest {
  /** TARGET of the command line, undefined when there is none. */
  target: string | undefined;
  /** `backup.path`, undefined when not configured. */
  defaultFolder: string | undefined;
  /** File name from `backup.filename`, already formatted. */
  defaultName: string;
  noZip: boolean;
  overwrite: boolean;
  cwd: string;
}

async function kindOf(path: string): Promise<"folder" | "other" | undefined> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "other";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new RefusedError("target-unreadable", `cannot look at ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/**
 * Works out where the archive goes, by the rules of docs/cli.md, and refuses what is there already. Creates nothing but
 * the folder of `backup.path`.
 * @throws UsageError when no destination is given or configured, or a store is named that we do not know
 * @throws RefusedError when the target exists, or its folder does not
 */
export async function resolveTarget(request: TargetRequest): Promise<BackupTarget> {
  if (request.target === "-") {
    if (request.noZip)
      throw new UsageError("no-zip-to-stdout", "--no-zip writes a folder, and - is the standard output");
    return { kind: "stdout" };
  }
  const path = await targetPath(request);
  const existing = await kindOf(path);
  if (existing === "folder" && (!request.noZip || request.overwrite))
    throw new RefusedError("target-is-folder", `the target ${path} is a folder`, {
      hints: ["name a file that does not exist, or remove the folder first"],
    });
  if (existing !== undefined && !request.overwrite)
    throw new RefusedError("target-exists", `the target ${path} exists already`, {
      hints: ["name another target, or give --overwrite"],
    });
  return { kind: request.noZip ? "folder" : "file", path };
}

async function targetPath(request: TargetRequest): Promise<string> {
  const { target, defaultFolder, defaultName, cwd } = request;
  if (target === undefined || target === "") {
    if (defaultFolder === undefined)
      throw new UsageError("no-target", "no target given, and no backup.path configured", {
        hints: ["set backup.path in section [core] of the configuration", "name a target: ngwbackup backup TARGET"],
      });
    const folder = resolve(cwd, defaultFolder);
    const path = join(folder, defaultName);
    try {
      await mkdir(dirname(path), { recursive: true });
    } catch (error) {
      throw new RefusedError(
        "target-folder",
        `cannot make the folder ${dirname(path)} of backup.path: ${(error as Error).message}`,
        {
          cause: error,
        },
      );
    }
    return path;
  }
  if (/^(s3|rclone|sftp|https?):/.test(target) && !isAbsolute(target))
    throw new UsageError(
      "unknown-store",
      `the target ${target} is a URL, and this release writes to files, folders and - only`,
    );
  const path = resolve(cwd, target);
  const existing = await kindOf(path);
  if (existing === "folder") {
    const named = join(path, defaultName);
    // backup.filename may hold folders of its own, by month for example.
    await mkdir(dirname(named), { recursive: true });
    return named;
  }
  if (target.endsWith("/") || (await kindOf(dirname(path))) !== "folder")
    throw new RefusedError(
      "target-folder",
      `the folder ${target.endsWith("/") ? path : dirname(path)} does not exist`,
      {
        hints: [`mkdir -p ${target.endsWith("/") ? path : dirname(path)}`],
      },
    );
  return path;
}
