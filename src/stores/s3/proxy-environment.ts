import { UsageError } from "../../errors.ts";

/** The proxies between here and a server, as Node's agents take them. */
export interface ProxyEnvironment {
  HTTP_PROXY?: string;
  HTTPS_PROXY?: string;
  /** Hosts that are reached without. */
  NO_PROXY?: string;
}

/**
 * Reads `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, of which those in lower case count first, as with other programs. A proxy without `http://`
 * before it has that.
 * @throws UsageError s3-proxy for a proxy of another kind; it does not show the value, which may hold a password
 */
export function proxyEnvironment(env: Readonly<Record<string, string | undefined>>): ProxyEnvironment {
  const found: ProxyEnvironment = {};
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY"] as const) {
    const url = proxyUrl(name, env[name.toLowerCase()] || env[name]);
    if (url !== undefined) found[name] = url;
  }
  const none = env["no_proxy"] || env["NO_PROXY"];
  if (none) found.NO_PROXY = none;
  return found;
}

function proxyUrl(name: string, value: string | undefined): string | undefined {
  if (!value) return undefined;
  const url = value.includes("://") ? value : `http://${value}`;
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return url;
  throw new UsageError(
    "s3-proxy",
    `${name} of the environment is no proxy that can be used: expected http://HOST:PORT`,
    {
      hints: [`set ${name} to such a URL, or unset it and reach the store without`],
    },
  );
}
