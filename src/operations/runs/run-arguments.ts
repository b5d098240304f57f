import { UsageError } from "../../errors.ts";
import { joinLocation, parseLocation } from "../../stores/location.ts";
import type { RestoreWay } from "../restore/run-record.ts";

/** A run that is to be started, its archives and places by path or URL: paths are absolute. */
export type RunRequest =
  | { kind: "backup"; tags: readonly string[]; base: "latest" | undefined; place: string | undefined }
  | { kind: "verify"; archives: readonly string[] }
  | { kind: "drill"; archive: string }
  | { kind: "prune"; place: string }
  | {
      kind: "restore";
      archive: string;
      way: RestoreWay | undefined;
      /** Unit that is stopped before, and started after. */
      service: string | undefined;
      migrate: boolean;
    }
  | { kind: "undo" };

/** The words behind the program's name that do a run, without the common ones. @throws UsageError for a place that is none */
export function runArguments(request: RunRequest): string[] {
  switch (request.kind) {
    case "backup":
      return [
        "backup",
        // Joined, so that one that begins with a dash is no flag.
        ...request.tags.map((tag) => `--tag=${tag}`),
        ...(request.base === undefined ? [] : ["--base", request.base]),
        ...(request.place === undefined ? [] : [asPlace(request.place)]),
      ];
    case "verify":
      return ["verify", ...request.archives];
    case "drill":
      return ["drill", request.archive];
    case "prune":
      return ["prune", asPlace(request.place)];
    case "restore":
      return ["restore", "--yes", ...restoreArguments(request)];
    case "undo":
      return ["restore", "--undo", "--yes"];
  }
}

/** The words that check whether a restore is possible, and change nothing. */
export function planArguments(archive: string, way: RestoreWay | undefined): string[] {
  return ["restore", "--dry-run", ...restoreArguments({ archive, way, service: undefined, migrate: false })];
}

function restoreArguments({
  archive,
  way,
  service,
  migrate,
}: Omit<Extract<RunRequest, { kind: "restore" }>, "kind">): string[] {
  return [
    ...(way === undefined ? [] : [`--${way}`]),
    ...(service === undefined ? [] : ["--service", service]),
    ...(migrate ? ["--migrate"] : []),
    archive,
  ];
}

/** A URL with a slash at its end is a place, and no archive; a folder is known by being there. */
function asPlace(place: string): string {
  const location = parseLocation(place);
  if (location.kind === "stdio") throw new UsageError("no-folder", "- is a stream, and no place for archives");
  if (location.kind === "local") return place;
  return joinLocation(location.name === undefined ? location.root : joinLocation(location.root, location.name), "");
}
