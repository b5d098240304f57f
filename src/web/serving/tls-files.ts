import { readFile, stat } from "node:fs/promises";
import type { Server } from "node:https";
import { createSecureContext } from "node:tls";
import { UsageError, messageOf } from "../../errors.ts";

/** How often the files are looked at, usually. */
const usualCheckMs = 60_000;

/** PEM files of TLS, absolute. */
export interface TlsPaths {
  certPath: string;
  keyPath: string;
}

/** What is in them. */
export interface TlsContents {
  cert: Buffer;
  key: Buffer;
}

/**
 * Reads certificate and key.
 * @throws UsageError when they cannot be read, or do not belong together
 */
export async function readTls({ certPath, keyPath }: TlsPaths): Promise<TlsContents> {
  const contents = {
    cert: await readPem(certPath, "serve.tls_cert"),
    key: await readPem(keyPath, "serve.tls_key"),
  };
  try {
    createSecureContext(contents);
  } catch (error) {
    throw new UsageError("tls", `TLS cannot be set up with ${certPath} and ${keyPath}: ${messageOf(error)}`, {
      cause: error,
      hints: ["expected a certificate and its private key without a passphrase, both PEM"],
    });
  }
  return contents;
}

/**
 * Takes over a certificate that is renewed while the server runs.
 * @param onProblem told when what is there now cannot be used; the server goes on with what it has
 * @returns stops it
 */
export function followTls(
  server: Server,
  paths: TlsPaths,
  onProblem: (error: unknown) => void,
  checkMs = usualCheckMs,
): () => void {
  let seen: string | undefined;
  const look = async (): Promise<void> => {
    const now = await stampOf(paths);
    if (now === seen) return;
    const isFirst = seen === undefined;
    seen = now;
    if (!isFirst) server.setSecureContext(await readTls(paths));
  };
  const lookSafely = (): void => void look().catch(onProblem);
  lookSafely();
  const timer = setInterval(lookSafely, checkMs).unref();
  return () => clearInterval(timer);
}

async function stampOf({ certPath, keyPath }: TlsPaths): Promise<string> {
  const stats = await Promise.all([certPath, keyPath].map(async (path) => await stat(path).catch(() => undefined)));
  return stats.map((found) => `${found?.ino}:${found?.mtimeMs}`).join(" ");
}

async function readPem(path: string, option: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new UsageError("tls", `${option}: ${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
