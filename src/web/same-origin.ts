import type { FastifyRequest } from "fastify";

/**
 * Whether a browser says that a page of another origin makes a request. Programs that are no browsers say nothing.
 * `Sec-Fetch-Site` is believed first: it holds also where a proxy hides the host that the browser knows us by.
 */
export function isFromElsewhere(request: FastifyRequest): boolean {
  const { "sec-fetch-site": site, origin } = request.headers;
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== request.host;
}
