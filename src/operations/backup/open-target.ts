import { basename, dirname } from "node:path";
import { openFolderArchive } from "../../archive/folder-reader.ts";
import { createFolderWriter } from "../../archive/folder-writer.ts";
import { type ManifestEntry, manifestDigest } from "../../archive/manifest.ts";
import { readManifestEntries, readManifestHeader } from "../../archive/manifest-scan.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import type { ArchiveWriter } from "../../archive/writer.ts";
import { openZipArchive } from "../../archive/zip-reader.ts";
import { createZipWriter } from "../../archive/zip-writer.ts";
import type { ByteSink, ByteSource } from "../../bytes.ts";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { createAgeSink } from "../../encryption/age-sink.ts";
import type { AgeRecipients } from "../../encryption/recipients.ts";
import { type Sealing, createSealing } from "../../encryption/sealing.ts";
import { AppError } from "../../errors.ts";
import type { RateLimit } from "../../rate-limit.ts";
import { clearDeadTemporaries } from "../../stores/dead-temporaries.ts";
import { createFolderTarget } from "../../stores/folder-target.ts";
import { createOpenFileSink, fileBehind } from "../../stores/open-file-sink.ts";
import { limitSink } from "../../stores/limited-sink.ts";
import { createLocalStore } from "../../stores/local-store.ts";
import type { Store } from "../../stores/store.ts";
import { createStreamSink } from "../../stores/stream-sink.ts";
import { openStore } from "../stores/open-store.ts";
import type { BackupTarget } from "./target.ts";

/** How an archive is written. */
export interface OpenTargetOptions {
  settings: Settings;
  overwrite: boolean;
  /** How a ZIP is written: the time that its entries carry, the level of its own deflate. */
  zip: { modifiedAt: Date; deflateLevel?: number };
  /** For whom it is encrypted; undefined: it is not. */
  encryptFor?: AgeRecipients | undefined;
  /** Of the bytes of the archive. */
  writeLimit: RateLimit | undefined;
}

/**
 * Opens the writer for a target. Archive and manifest are read back before the final name is given, or as soon as the
 * target can be read; what dead runs left in the same place goes first.
 * @throws RefusedError target-exists, and what the target's own kind throws
 */
export async function openTarget(
  target: BackupTarget,
  options: OpenTargetOptions,
  context: Context,
): Promise<ArchiveWriter> {
  const { pid } = context;
  const { overwrite, writeLimit } = options;
  if (target.kind === "folder") {
    await clearDeadTemporaries(dirname(target.path), { pid, now: context.now() });
    const beforePublish = async (path: string): Promise<void> => readBack(await openFolderArchive(path));
    return createFolderWriter(await createFolderTarget(target.path, { overwrite, pid, beforePublish }), {
      beforeWrite: writeLimit && ((bytes) => writeLimit.take(bytes)),
    });
  }
  const { encryptFor } = options;
  const sealing = encryptFor === undefined ? undefined : await createSealing(encryptFor);
  const sink = limitSink(await openSink(target, options, sealing, context), writeLimit);
  return createZipWriter(sealing === undefined ? sink : createAgeSink(sink, sealing), options.zip);
}

async function openSink(
  target: Exclude<BackupTarget, { kind: "folder" }>,
  { overwrite, settings }: OpenTargetOptions,
  sealing: Sealing | undefined,
  context: Context,
): Promise<ByteSink> {
  const { signal } = context;
  // The keys of the recipients are elsewhere; that of this one file is known as long as it is written.
  const check = async (written: ByteSource): Promise<void> =>
    readBack(await openZipArchive(sealing === undefined ? written : await sealing.openWritten(written)));
  switch (target.kind) {
    case "stdout": {
      const fd = fileBehind(context.stdout);
      return fd === undefined ? createStreamSink(context.stdout, "stdout") : createOpenFileSink(fd, "stdout");
    }
    case "file": {
      const store = createLocalStore(dirname(target.path), context.pid);
      await store.clearDead(context.now(), signal);
      return await store.create(basename(target.path), { overwrite, signal, check });
    }
    case "store": {
      const store = await openStore(target.location, settings, context);
      try {
        await clearBefore(store, context);
        const sink = await store.create(target.location.name, { overwrite, signal, check });
        return closingStore(sink, store);
      } catch (error) {
        await store.close();
        throw error;
      }
    }
  }
}

/** Whether dead runs left something is looked at where we may; it stands in nobody's way. */
async function clearBefore(store: Store, context: Context): Promise<void> {
  try {
    await store.clearDead(context.now(), context.signal);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "store-denied") throw error;
  }
}

/** A sink that closes its store when it has ended. */
function closingStore(sink: ByteSink, store: Store): ByteSink {
  return {
    label: sink.label,
    write: (chunk) => sink.write(chunk),
    async finish() {
      await sink.finish();
      await store.close();
    },
    async abort() {
      await sink.abort();
      await store.close();
    },
  };
}

/** What an entry's member in the archive itself holds; undefined where all of it stands in others. */
function ownBytes({ from, parts, storedBytes, contentBytes }: ManifestEntry): number | undefined {
  if (from !== undefined) return undefined;
  if (parts === undefined) return contentBytes;
  return storedBytes === 0 ? undefined : storedBytes;
}

/**
 * Whether what was written can be opened, and holds every entry that its manifest lists, at the size it says. The manifest is the one that
 * was written, as its digest says; its lines are not held, since the list of entries alone may be large.
 */
async function readBack(reader: ArchiveReader): Promise<void> {
  try {
    const header = (await manifestDigest(reader)) === undefined ? undefined : await readManifestHeader(reader);
    if (header === undefined)
      throw new AppError(
        "read-back",
        "the archive does not read back as it was written: expected a manifest, found none",
      );
    for await (const listed of readManifestEntries(reader, header)) {
      const expectedBytes = ownBytes(listed);
      const found = reader.entries.get(listed.name);
      if (found?.contentBytes !== expectedBytes)
        throw new AppError(
          "read-back",
          `the archive does not read back as it was written: entry ${listed.name}: expected ${expectedBytes ?? "no"} bytes, found ${found?.contentBytes ?? "none"}`,
        );
    }
  } finally {
    await reader.close();
  }
}
