import { AppError } from "../../errors.ts";

/** What rclone says of a path, `lsjson`'s way. */
export interface ListedPath {
  name: string;
  sizeBytes: number;
  modifiedAt: Date;
  isFolder: boolean;
}

/** Decodes the output of `lsjson --stat`. @throws AppError store-failed when it is something else */
export function decodeListedPath(text: string, label: string): ListedPath {
  return decode(parse(text, label), label);
}

/** Decodes the output of `lsjson`. @throws AppError store-failed when it is something else */
export function decodeListing(text: string, label: string): ListedPath[] {
  const found = parse(text, label);
  if (!Array.isArray(found)) throw unknown(label);
  return found.map((item) => decode(item, label));
}

function parse(text: string, label: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unknown(label, error);
  }
}

function decode(value: unknown, label: string): ListedPath {
  const { Name, Size, ModTime, IsDir } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const modifiedAt = new Date(typeof ModTime === "string" ? ModTime : Number.NaN);
  if (typeof Name !== "string" || typeof Size !== "number" || Number.isNaN(modifiedAt.getTime())) throw unknown(label);
  return { name: Name, sizeBytes: Size, modifiedAt, isFolder: IsDir === true };
}

function unknown(label: string, cause?: unknown): AppError {
  return new AppError("store-failed", `cannot read what rclone says of ${label}: expected the output of lsjson`, {
    ...(cause === undefined ? {} : { cause }),
    hints: ["rclone version: 1.60 and newer are known to work"],
  });
}
