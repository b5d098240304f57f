import { timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { type AccessRole, type Identity, mayUse } from "./access.ts";
import { isFromElsewhere } from "./same-origin.ts";
import { WebError } from "./web-error.ts";

/**
 * Lets a request through to a route, or not; sets its caller.
 * @param identify tells who makes a request by its credentials; throws a WebError that says how to get some
 * @returns who it is; undefined on a public route
 * @throws WebError with status 401 or 403
 */
export function admit(
  request: FastifyRequest,
  needed: AccessRole,
  identify: (request: FastifyRequest) => Identity,
): Identity | undefined {
  const isHarmless = ["GET", "HEAD"].includes(request.method);
  if (!isHarmless && isFromElsewhere(request))
    throw new WebError(403, "csrf", "this request was sent by a page of another site", {
      hints: ["behind a reverse proxy: it has to hand on the host, as docs/web.md shows"],
    });
  if (needed === "public") return undefined;
  const identity = identify(request);
  const { caller, csrfToken } = identity;
  if (!isHarmless && csrfToken !== undefined && !isSame(request.headers["x-csrf-token"], csrfToken))
    throw new WebError(403, "csrf", "the header x-csrf-token is not that of this session", {
      hints: ["load the page again"],
    });
  if (!mayUse(caller, needed)) throw new WebError(403, "forbidden", `${caller.name} may look, but not do this`);
  request.caller = caller;
  return identity;
}

function isSame(given: string | string[] | undefined, expected: string): boolean {
  if (typeof given !== "string") return false;
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
