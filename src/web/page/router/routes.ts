/** A place of the page. */
export type Route =
  | { page: "overview" }
  | { page: "archives" }
  | { page: "archive"; id: string }
  | { page: "restore" }
  | { page: "runs" }
  | { page: "run"; id: number }
  | { page: "settings"; part: SettingsPart }
  | { page: "unknown" };

/** Parts of the settings. */
export const settingsParts = ["options", "schedule", "notifications", "tokens", "audit"] as const;
/** One of {@link settingsParts}. */
export type SettingsPart = (typeof settingsParts)[number];

/** Finds what a path leads to. @param path as `Here` has it */
export function routeOf(path: string): Route {
  const [first = "", second, ...rest] = path.split("/");
  if (rest.length > 0) return { page: "unknown" };
  if (second === undefined) {
    if (first === "") return { page: "overview" };
    if (first === "archives" || first === "restore" || first === "runs") return { page: first };
    return first === "settings" ? { page: "settings", part: "options" } : { page: "unknown" };
  }
  if (first === "archives") return { page: "archive", id: decode(second) };
  if (first === "runs" && /^\d{1,15}$/.test(second)) return { page: "run", id: Number(second) };
  const part = settingsParts.find((name) => name === second);
  return first === "settings" && part !== undefined ? { page: "settings", part } : { page: "unknown" };
}

/** The path of an archive's page. */
export function archivePath(id: string): string {
  return `archives/${encodeURIComponent(id)}`;
}

/** The path of a run's page. */
export function runPath(id: number): string {
  return `runs/${id}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
