import { missingObject } from "./s3-errors.ts";
import { parseTemporaryName } from "../temporary-names.ts";
import type { Store } from "../store.ts";
import { listKeys } from "./list-keys.ts";
import { headObject, removeObject } from "./object-calls.ts";
import { type PartPlan, usualParts } from "./part-sizes.ts";
import { S3Access } from "./s3-access.ts";
import { keysBelow } from "./s3-keys.ts";
import { type S3Patience, type S3Settings, type S3Surroundings, usualPatience } from "./s3-settings.ts";
import { createS3Sink } from "./s3-sink.ts";
import { openS3Source } from "./s3-source.ts";
import { clearDeadUploads } from "./upload-records.ts";

/** What tests set otherwise, so that they need neither gigabytes nor minutes. */
export interface S3Tuning {
  patience: S3Patience;
  parts: PartPlan;
}

/**
 * A prefix of a bucket as a store, on AWS or any server that speaks S3 (docs/stores.md). Nothing is asked of it before the first call.
 * @param root `s3://bucket/prefix`, as `parseLocation` gives it
 */
export function createS3Store(
  root: string,
  settings: S3Settings,
  surroundings: S3Surroundings,
  tuning: Partial<S3Tuning> = {},
): Store {
  const keys = keysBelow(root);
  const access = new S3Access(keys.bucket, settings, surroundings, tuning.patience ?? usualPatience);
  const plan = tuning.parts ?? usualParts;
  return {
    label: root,
    locate: (name) => access.urlOf(keys.keyOf(name)),
    async *list(signal) {
      for await (const { key, sizeBytes, modifiedAt } of listKeys(access, keys.prefix, signal)) {
        const name = key.slice(keys.prefix.length);
        // A folder's own object, as consoles make them, or the record of an upload.
        if (name === "" || parseTemporaryName(name) !== undefined) continue;
        yield { name, sizeBytes, modifiedAt };
      }
    },
    async stat(name, signal) {
      const found = await headObject(access, keys.keyOf(name), signal);
      return found === undefined ? undefined : { name, sizeBytes: found.sizeBytes, modifiedAt: found.modifiedAt };
    },
    async open(name, signal) {
      const key = keys.keyOf(name);
      const found = await headObject(access, key, signal);
      if (found === undefined) throw missingObject(access.urlOf(key));
      return openS3Source(access, key, found, signal);
    },
    async create(name, options) {
      return await createS3Sink(access, keys, plan, keys.keyOf(name), options);
    },
    async remove(name, signal) {
      await removeObject(access, keys.keyOf(name), signal);
    },
    clearDead: (now, signal) => clearDeadUploads(access, keys, now, signal),
    close: () => access.close(),
  };
}
