import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import type { ConnectionOptions, SecureVersion } from "node:tls";
import { messageOf, UsageError } from "../errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** One way to try a connection: in plain, or by TLS with these options. */
export type TlsAttempt = false | ConnectionOptions;

const MODES = new Set(["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]);

/**
 * The ways to try a connection over TCP, in order, by libpq's meaning of `PGSSLMODE` and the certificate variables:
 * `require` verifies only when there is a root certificate, `prefer` falls back to plain, `allow` to TLS.
 * @throws UsageError for an unknown mode or a certificate file that is named and cannot be read
 */
export async function tlsAttempts(env: Environment): Promise<TlsAttempt[]> {
  const system = env.PGSSLROOTCERT === "system";
  const mode = env.PGSSLMODE || (system ? "verify-full" : "prefer");
  if (!MODES.has(mode)) {
    throw new UsageError(
      "bad-sslmode",
      `PGSSLMODE is ${JSON.stringify(mode)}, expected one of ${[...MODES].join(", ")}`,
    );
  }
  if (mode === "disable") return [false];

  const ca = system ? undefined : await readPem(env, "PGSSLROOTCERT", "root.crt");
  const cert = await readPem(env, "PGSSLCERT", "postgresql.crt");
  const key = cert === undefined ? undefined : await readPem(env, "PGSSLKEY", "postgresql.key");
  const crl = env.PGSSLCRL ? await readPem(env, "PGSSLCRL", "root.crl") : undefined;
  const verifies = mode.startsWith("verify-") || (mode === "require" && ca !== undefined);
  if (mode.startsWith("verify-") && ca === undefined && !system) {
    throw new UsageError("no-root-certificate", `PGSSLMODE=${mode} needs a root certificate and there is none`, {
      hints: ["name it in PGSSLROOTCERT, or set PGSSLROOTCERT=system for the system's own"],
    });
  }
  const options: ConnectionOptions = {
    rejectUnauthorized: verifies,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(crl === undefined ? {} : { crl }),
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- libpq and Node name the versions alike
    ...(env.PGSSLMINPROTOCOLVERSION ? { minVersion: env.PGSSLMINPROTOCOLVERSION as SecureVersion } : {}),
  };
  if (mode === "allow") return [false, options];
  return mode === "prefer" ? [options, false] : [options];
}

async function readPem(env: Environment, variable: string, defaultName: string): Promise<Buffer | undefined> {
  const named = env[variable];
  if (named) {
    try {
      return await readFile(named);
    } catch (error) {
      throw new UsageError("unreadable-certificate", `cannot read ${named} named by ${variable}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
  return await readFile(path.join(env.HOME ?? homedir(), ".postgresql", defaultName)).catch(() => undefined);
}
