import type { ByteSink } from "../../bytes.ts";
import { AppError, messageOf } from "../../errors.ts";
import { targetExists } from "../publish.ts";
import type { CreateOptions } from "../store.ts";
import type { PartPlan } from "./part-sizes.ts";
import { headObject, removeObject, type HeadedObject } from "./object-calls.ts";
import { openS3Source } from "./s3-source.ts";
import type { S3Access } from "./s3-access.ts";
import type { S3Keys } from "./s3-keys.ts";
import { cleaningMs, S3Upload } from "./s3-upload.ts";

/**
 * Writes an object (`Store.create`). It has its name before it can be checked, and loses it again when that fails.
 * @throws RefusedError target-exists, archive-missing (no such bucket), store-denied; AppError store-failed
 */
export async function createS3Sink(
  access: S3Access,
  keys: S3Keys,
  plan: PartPlan,
  key: string,
  { overwrite = false, signal, check }: CreateOptions,
): Promise<ByteSink> {
  const label = access.urlOf(key);
  const mustBeAbsent = async (): Promise<void> => {
    if (!overwrite && (await headObject(access, key, signal)) !== undefined) throw targetExists(label);
  };
  await mustBeAbsent();
  const upload = new S3Upload(access, keys, { key, plan, signal });
  /** `maybe`: the object may have its name, for all that we know. */
  let named: "no" | "maybe" | "yes" = "no";
  let isOver = false;

  const isOurs = (found: HeadedObject | undefined): found is HeadedObject => found?.mark === upload.mark;
  const publish = async (): Promise<void> => {
    // Not every server can be told to complete only what is new.
    await mustBeAbsent();
    named = "maybe";
    const completion = await upload.complete(!overwrite);
    const found = await headObject(access, key, signal);
    if (!isOurs(found)) {
      named = "no";
      if (found !== undefined && !overwrite) throw targetExists(label);
      throw new AppError("store-failed", `${label} was replaced or removed while it was completed (${completion})`);
    }
    named = "yes";
    if (found.sizeBytes !== upload.writtenBytes)
      throw new AppError(
        "store-failed",
        `${label} does not have the size that was written: expected ${upload.writtenBytes} bytes, found ${found.sizeBytes}`,
      );
    if (check === undefined) return;
    const written = openS3Source(access, key, found, signal);
    try {
      await check(written);
    } finally {
      await written.close();
    }
  };
  const withdraw = async (): Promise<void> => {
    const cleaning = AbortSignal.timeout(cleaningMs);
    if (named === "maybe" && isOurs(await headObject(access, key, cleaning))) named = "yes";
    if (named !== "yes") return;
    await removeObject(access, key, cleaning);
    named = "no";
  };

  return {
    label,
    async write(chunk) {
      if (isOver) throw new Error(`${label} is closed`);
      await upload.write(chunk);
    },
    async finish() {
      if (isOver) throw new Error(`${label} is closed`);
      signal.throwIfAborted();
      try {
        await publish();
      } catch (error) {
        // Whatever cannot be done about an upload now, abort tries again.
        const removal = await withdraw().then(
          () => undefined,
          (problem: unknown) => ({ problem }),
        );
        if (removal !== undefined && named === "yes") throw staysDamaged(label, error, removal.problem);
        throw error;
      }
      isOver = true;
      // It is there and checked, whatever comes now: a record that stays is found by `clearDead`.
      await upload.end(AbortSignal.timeout(cleaningMs)).catch(() => undefined);
    },
    async abort() {
      if (isOver) return;
      isOver = true;
      try {
        await upload.abort(AbortSignal.timeout(cleaningMs));
        await withdraw();
      } catch (cause) {
        throw new AppError("store-failed", `what was sent of ${label} could not be removed: ${messageOf(cause)}`, {
          cause,
          hints: ["the next backup to the same place removes it, when this machine makes it"],
        });
      }
    },
  };
}

/** What was written is no good, and cannot be removed: somebody may take it for an archive. */
function staysDamaged(label: string, cause: unknown, removal: unknown): AppError {
  const why = `${messageOf(cause)}; and it could not be removed: ${messageOf(removal)}`;
  return new AppError("store-failed", `${label} is not to be relied on: ${why}`, {
    cause,
    hints: [`remove ${label}`],
  });
}
