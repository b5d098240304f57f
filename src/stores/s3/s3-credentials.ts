import { defaultProvider } from "@aws-sdk/credential-provider-node";
import type { S3Settings, S3Surroundings } from "./s3-settings.ts";

/** Credentials as the SDK takes them. */
export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}

/**
 * Where credentials come from: the configuration, the environment, the profile of the usual files (with roles, single sign-on and
 * programs that give them), the container's or instance's role.
 * @param onCredentials told whatever was found, before it is used, so that no message ever shows it
 */
export function credentialsOf(
  settings: S3Settings,
  { env }: S3Surroundings,
  onCredentials: (found: S3Credentials) => void,
): () => Promise<S3Credentials> {
  const fixed = fixedCredentials(settings, env);
  const chain = defaultProvider({
    ...(settings.profile === undefined ? {} : { profile: settings.profile }),
    ...(env["AWS_SHARED_CREDENTIALS_FILE"] === undefined ? {} : { filepath: env["AWS_SHARED_CREDENTIALS_FILE"] }),
    ...(env["AWS_CONFIG_FILE"] === undefined ? {} : { configFilepath: env["AWS_CONFIG_FILE"] }),
  });
  return async () => {
    const found = fixed ?? (await chain());
    onCredentials(found);
    return found;
  };
}

function fixedCredentials(settings: S3Settings, env: S3Surroundings["env"]): S3Credentials | undefined {
  const { accessKeyId, secretAccessKey, profile } = settings;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) return { accessKeyId, secretAccessKey };
  const [id, secret, token] = [env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env["AWS_SESSION_TOKEN"]];
  // A profile that somebody names in the configuration is meant; one of the environment does not outdo keys beside it.
  if (profile !== undefined || !id || !secret) return undefined;
  return { accessKeyId: id, secretAccessKey: secret, ...(token ? { sessionToken: token } : {}) };
}
