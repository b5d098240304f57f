import { DamagedError } from "../../errors.ts";

/**
 * Damage that a codec found, which does not know what it reads, as one that names archive and entry; anything else as it is.
 * @param label path or URL of the archive
 */
export function namedDamage(label: string, entryName: string, error: DamagedError): DamagedError;
export function namedDamage(label: string, entryName: string, error: unknown): unknown;
export function namedDamage(label: string, entryName: string, error: unknown): unknown {
  if (!(error instanceof DamagedError) || error.message.includes(entryName)) return error;
  const prefix = `${label}: `;
  const message = error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message;
  return new DamagedError(error.code, `${prefix}entry ${entryName}: ${message}`, { cause: error });
}
