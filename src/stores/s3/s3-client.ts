import { readFile } from "node:fs/promises";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { rootCertificates } from "node:tls";
import { S3Client } from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { messageOf, UsageError } from "../../errors.ts";
import { proxyEnvironment } from "./proxy-environment.ts";
import { RangeHandler } from "./range-handler.ts";
import { type S3Credentials, credentialsOf } from "./s3-credentials.ts";
import type { S3Patience, S3Settings, S3Surroundings } from "./s3-settings.ts";

/** Where AWS is asked when nobody says where the bucket is; S3 itself names the right region then. */
const firstRegion = "us-east-1";
const connectMs = 10_000;

const quiet = (): void => {};
/** The SDK writes to the console otherwise, which is not its to write to. */
const silence = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };

/**
 * Makes the SDK's client as it is configured. It makes each call once: what is made again is decided above.
 * @throws UsageError s3-ca-file, s3-proxy
 */
export async function makeS3Client(
  settings: S3Settings,
  surroundings: S3Surroundings,
  patience: S3Patience,
  onCredentials: (found: S3Credentials) => void,
): Promise<S3Client> {
  const { endpoint, pathStyle, caFile } = settings;
  const ca = caFile === undefined ? undefined : [...rootCertificates, await readCertificates(caFile)];
  const proxyEnv = proxyEnvironment(surroundings.env);
  const agent = { keepAlive: true, maxSockets: 50, proxyEnv: { ...proxyEnv } };
  const connections = {
    connectionTimeout: connectMs,
    socketTimeout: patience.idleMs,
    httpAgent: new HttpAgent(agent),
    httpsAgent: new HttpsAgent({ ...agent, ...(ca === undefined ? {} : { ca }) }),
  };
  return new S3Client({
    region: await regionOf(settings, surroundings),
    credentials: credentialsOf(settings, surroundings, onCredentials),
    forcePathStyle: pathStyle ?? endpoint !== undefined,
    followRegionRedirects: true,
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: 1,
    logger: silence,
    // Ours are made of the parts (s3-upload.ts); the SDK's own kinds are not known to every server.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    expectContinueHeader: false,
    // Connections of our own know no proxy.
    requestHandler:
      proxyEnv.HTTP_PROXY !== undefined || proxyEnv.HTTPS_PROXY !== undefined
        ? new NodeHttpHandler(connections)
        : new RangeHandler(connections, { connectMs, idleMs: patience.idleMs, ca }),
  });
}

/** Whether the store is AWS's own, also where its address is given. */
export function isAws({ endpoint }: S3Settings): boolean {
  if (endpoint === undefined) return true;
  return /(^|\.)amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname);
}

async function regionOf({ region, endpoint, profile }: S3Settings, { env }: S3Surroundings): Promise<string> {
  const named = region ?? (env["AWS_REGION"] || env["AWS_DEFAULT_REGION"]);
  if (named || endpoint !== undefined) return named || firstRegion;
  const probe = new S3Client(profile === undefined ? {} : { profile });
  try {
    return await probe.config.region();
  } catch {
    return firstRegion;
  } finally {
    probe.destroy();
  }
}

async function readCertificates(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError("s3-ca-file", `cannot read the certificates of s3.ca_file ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
