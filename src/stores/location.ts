import { UsageError } from "../errors.ts";

/** What the user names as an archive or a place for archives. */
export type Location =
  /** `-`: stdin or stdout. */
  | { kind: "stdio" }
  /** A path of this machine, as it was given. */
  | { kind: "local"; path: string }
  | RemoteLocation;

/** A place in a store that is reached through a network. */
export interface RemoteLocation {
  kind: "s3" | "rclone";
  /** The store's root, without a slash at its end: `s3://bucket/prefix`, `rclone:remote:path`. */
  root: string;
  /** The object in it; undefined for a place, which is written with a slash at its end, or is a bucket or remote alone. */
  name: string | undefined;
}

/**
 * Reads what a user wrote: `-`, `s3://bucket/prefix/NAME`, `rclone:REMOTE:PATH/NAME`, or a path.
 * @throws UsageError unknown-store for a URL of another kind, store-url for one that is not complete
 */
export function parseLocation(text: string): Location {
  if (text === "-") return { kind: "stdio" };
  if (text.startsWith("s3://")) return parseS3(text);
  if (text.startsWith("rclone:")) return parseRclone(text);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text))
    throw new UsageError("unknown-store", `${withoutUser(text)} is of a kind of store that is not known`, {
      hints: ["known are s3://BUCKET/PREFIX/, and rclone:REMOTE:PATH for everything that rclone reaches"],
    });
  return { kind: "local", path: text };
}

/** The name of an object below a store's root: `s3://bucket/x` and `a` give `s3://bucket/x/a`, `rclone:box:` and `a` `rclone:box:a`. */
export function joinLocation(root: string, name: string): string {
  return /^rclone:[^:]*:\/?$/.test(root) ? `${root}${name}` : `${root}/${name}`;
}

function parseS3(text: string): RemoteLocation {
  const [bucket = "", ...keys] = text.slice("s3://".length).split("/");
  if (bucket === "" || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(bucket))
    throw new UsageError("store-url", `${withoutUser(text)} names no bucket`, { hints: ["s3://BUCKET/PREFIX/NAME"] });
  return split("s3", `s3://${bucket}`, keys);
}

function parseRclone(text: string): RemoteLocation {
  refuseParameters(text);
  const match = /^rclone:([^:/]*:)(.*)$/s.exec(text);
  if (match === null || match[1] === ":" || match[1]?.startsWith("-") === true)
    throw new UsageError("store-url", `${text} names no remote of rclone`, { hints: ["rclone:REMOTE:PATH/NAME"] });
  const [, remote = "", path = ""] = match;
  // A path that begins with a slash is another than one that does not, for SFTP for example.
  const lead = path.startsWith("/") ? "/" : "";
  return split("rclone", `rclone:${remote}${lead}`, path.slice(lead.length).split("/"));
}

/**
 * Refuses a remote of rclone with parameters, as in `rclone:box,pass=secret:path`, which are not shown either.
 * @throws UsageError store-url
 */
export function refuseParameters(url: string): void {
  if (/^rclone::?[^:/]*,/.test(url))
    throw new UsageError(
      "store-url",
      "parameters of a remote of rclone cannot stand in its URL, where others see them",
      {
        hints: ["rclone config keeps them, or the environment: RCLONE_CONFIG_REMOTE_KEY"],
      },
    );
}

function split(kind: RemoteLocation["kind"], base: string, parts: readonly string[]): RemoteLocation {
  const folders = parts.slice(0, -1).filter((part) => part !== "");
  const last = parts.at(-1) ?? "";
  const isWhole = base.endsWith(":") || base.endsWith("/");
  const root = folders.length === 0 ? base : `${base}${isWhole ? "" : "/"}${folders.join("/")}`;
  return { kind, root, name: last === "" ? undefined : last };
}

/** Never shows what may be a password. */
function withoutUser(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//...@");
}
