import { checkObjectName } from "../object-names.ts";

/** The names of objects as keys of a bucket. */
export interface S3Keys {
  bucket: string;
  /** What every key of the store begins with: empty, or with a slash at its end. */
  prefix: string;
  /** @throws UsageError object-name */
  keyOf(name: string): string;
}

/** @param root `s3://bucket` or `s3://bucket/prefix`, as `parseLocation` gives it */
export function keysBelow(root: string): S3Keys {
  const [bucket = "", ...parts] = root.slice("s3://".length).split("/");
  const prefix = parts.length === 0 ? "" : `${parts.join("/")}/`;
  return {
    bucket,
    prefix,
    keyOf(name) {
      checkObjectName(name);
      return prefix + name;
    },
  };
}
