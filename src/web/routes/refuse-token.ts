import type { FastifyRequest } from "fastify";
import { callerOf } from "../access.ts";
import { WebError } from "../web-error.ts";

/**
 * Refuses a request that came by a token: a token has no session, and a stolen one must not make others.
 * @throws WebError forbidden
 */
export function refuseToken(request: FastifyRequest): void {
  if (callerOf(request).via === "token")
    throw new WebError(403, "forbidden", "this is for people who have signed in, not for tokens");
}
