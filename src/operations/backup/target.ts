import { mkdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { placeHint } from "../../config/place-options.ts";
import { RefusedError, UsageError } from "../../errors.ts";
import { type RemoteLocation, joinLocation, parseLocation } from "../../stores/location.ts";

/** Where an archive goes. */
export type BackupTarget =
  | { kind: "stdout" }
  /** A ZIP file, absolute path. */
  | { kind: "file"; path: string }
  /** A folder with the archive's entries as files, absolute path. */
  | { kind: "folder"; path: string }
  /** An object of a store. */
  | { kind: "store"; location: RemoteLocation & { name: string }; url: string };

/** What the destination is worked out from. */
export interface TargetRequest {
  /** TARGET of the command line, undefined when there is none. */
  target: string | undefined;
  /** A folder or a store's URL, undefined when none is configured. */
  defaultPlace: string | undefined;
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
 * the configured folder. Whether a store has the object is for who opens it to find out.
 * @throws UsageError when no destination is given or configured, or a store is named that we do not know
 * @throws RefusedError when the target exists, or its folder does not
 */
export async function resolveTarget(request: TargetRequest): Promise<BackupTarget> {
  // An empty one is none, as a variable that is not set gives it.
  const location = parseLocation(request.target || placeUrl(request.defaultPlace) || "");
  if (location.kind === "stdio") {
    if (request.noZip)
      throw new UsageError("no-zip-to-stdout", "--no-zip writes a folder, and - is the standard output");
    return { kind: "stdout" };
  }
  if (location.kind !== "local") return storeTarget(location, request);
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

/** A place that is a store's URL, as such: with its slash, also where it was written without. */
function placeUrl(place: string | undefined): string | undefined {
  const location = parseLocation(place ?? "");
  if (location.kind === "stdio" || location.kind === "local") return undefined;
  const { root, name } = location;
  return name === undefined ? joinLocation(root, "") : `${joinLocation(root, name)}/`;
}

function storeTarget(location: RemoteLocation, { noZip, defaultName }: TargetRequest): BackupTarget {
  if (noZip)
    throw new UsageError("no-zip-to-store", "--no-zip writes a folder, and a store holds archives as single files");
  // backup.filename may hold folders of its own, by month for example.
  const url = joinLocation(location.root, location.name ?? defaultName);
  const whole = parseLocation(url);
  if (whole.kind === "stdio" || whole.kind === "local" || whole.name === undefined)
    throw new UsageError("no-target", `${url} names no archive`);
  return { kind: "store", location: { ...whole, name: whole.name }, url };
}

/** What a target is called in messages and results: its path or URL, `-` for stdout. */
export function nameTarget(target: BackupTarget): string {
  switch (target.kind) {
    case "stdout":
      return "-";
    case "file":
    case "folder":
      return target.path;
    case "store":
      return target.url;
  }
}

async function targetPath(request: TargetRequest): Promise<string> {
  const { target, defaultPlace, defaultName, cwd } = request;
  if (target === undefined || target === "") {
    if (defaultPlace === undefined)
      throw new UsageError("no-target", "no target given, and no place for archives configured", {
        hints: [placeHint, "name a target: ngwbackup backup TARGET"],
      });
    const folder = resolve(cwd, defaultPlace);
    const path = join(folder, defaultName);
    try {
      await mkdir(dirname(path), { recursive: true });
    } catch (error) {
      throw new RefusedError(
        "target-folder",
        `cannot make the configured folder ${dirname(path)}: ${(error as Error).message}`,
        {
          cause: error,
        },
      );
    }
    return path;
  }
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
