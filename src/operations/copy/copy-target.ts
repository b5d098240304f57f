import { basename, dirname } from "node:path";
import type { ByteSink, ByteSource } from "../../bytes.ts";
import { UsageError } from "../../errors.ts";
import { createLocalStore } from "../../stores/local-store.ts";
import { parseLocation } from "../../stores/location.ts";
import { createOpenFileSink, fileBehind } from "../../stores/open-file-sink.ts";
import type { Store } from "../../stores/store.ts";
import { createStreamSink } from "../../stores/stream-sink.ts";
import { nameTarget, resolveTarget } from "../backup/target.ts";
import { findFolder } from "../open-archive.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { openStore } from "../stores/open-store.ts";

/** Where a copy goes. */
export interface CopyTarget {
  /** Path or URL, `-` for stdout. */
  name: string;
  sink: ByteSink;
  /** Whether a file of that name stands beside the copy; false for stdout, which is beside nothing. */
  isBeside(fileName: string): Promise<boolean>;
  /** Closes the store, after the sink has ended. */
  close(): Promise<void>;
}

/** How a copy is written. */
export interface CopyTargetOptions {
  /** TO of the command line: a folder, a file, a store's URL, `-`. */
  to: string;
  /** FROM, whose last part names the copy in a folder or a place of a store. */
  from: string;
  overwrite: boolean;
  /** Called with what was written before it counts; not for stdout, which cannot be read. */
  check: (written: ByteSource) => Promise<void>;
}

/**
 * Opens the target of a copy.
 * @throws UsageError when it has no name; RefusedError target-exists, and what the target's own kind throws
 */
export async function openCopyTarget(options: CopyTargetOptions, access: ArchiveAccess): Promise<CopyTarget> {
  const { context } = access;
  const { signal } = context;
  const { overwrite, check } = options;
  if (options.from === "-" && (/[/:]$/.test(options.to) || (await findFolder(options.to, access)) !== undefined))
    throw new UsageError("no-name", `the archive comes from the standard input, and ${options.to} names no file`, {
      hints: ["name the file itself"],
    });
  const target = await resolveTarget({
    target: options.to,
    defaultPlace: undefined,
    defaultName: nameOf(options.from),
    noZip: false,
    overwrite,
    cwd: context.cwd,
  });
  const name = nameTarget(target);
  if (target.kind === "stdout") {
    const fd = fileBehind(context.stdout);
    const sink = fd === undefined ? createStreamSink(context.stdout) : createOpenFileSink(fd, "stdout");
    return { name, sink, isBeside: () => Promise.resolve(false), close: () => Promise.resolve() };
  }
  const isStore = target.kind === "store";
  const store: Store = isStore
    ? await openStore(target.location, await access.load(), context)
    : createLocalStore(dirname(target.path), context.pid);
  try {
    if (!isStore) await store.clearDead(context.now(), signal);
    const object = isStore ? target.location.name : basename(target.path);
    const sink = await store.create(object, { overwrite, signal, check });
    return {
      name,
      sink,
      isBeside: async (fileName) => (await store.stat(fileName, signal)) !== undefined,
      close: () => store.close(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function nameOf(from: string): string {
  const location = parseLocation(from);
  const name = location.kind === "local" ? basename(location.path) : location.kind === "stdio" ? "" : location.name;
  return name ?? "";
}
