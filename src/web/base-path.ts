import type { FastifyReply, FastifyRequest } from "fastify";

/**
 * The address within the application of one that a browser asked for. A proxy may hand on the base path, or take it away.
 * @param basePath begins and ends with `/`
 */
export function withoutBasePath(url: string, basePath: string): string {
  if (url.startsWith(basePath)) return `/${url.slice(basePath.length)}`;
  return url;
}

/** Sends a browser that has left out the last `/` of the base path to it; relative addresses count from there. */
export function redirectToBase(request: FastifyRequest, reply: FastifyReply, basePath: string): boolean {
  const bare = basePath.slice(0, -1);
  const [path, query] = splitQuery(request.originalUrl);
  if (bare === "" || path !== bare) return false;
  void reply.redirect(basePath + query, 308);
  return true;
}

function splitQuery(url: string): [path: string, query: string] {
  const at = url.indexOf("?");
  return at === -1 ? [url, ""] : [url.slice(0, at), url.slice(at)];
}
