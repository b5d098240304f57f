import type { FastifyRequest } from "fastify";
import type { Role } from "./api/common.ts";

/** Who may use a route: everybody, whoever is signed in, or operators only. */
export type AccessRole = "public" | Role;

/** Who makes a request. */
export interface Caller {
  /** A user's name; a token's, when it came by one. */
  name: string;
  role: Role;
  via: "session" | "token";
}

/** A caller, as the credentials of a request tell. */
export interface Identity {
  caller: Caller;
  /** What `x-csrf-token` has to be with whatever changes something; undefined: nothing, no browser sends these credentials by itself. */
  csrfToken: string | undefined;
  /** Asked again while a stream of theirs is open. */
  isStillValid(): boolean;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Every route has one, or the program does not start. */
    role?: AccessRole;
    /** The answer is a stream of events without an end: it is broken off when its caller's session ends. */
    isEventStream?: boolean;
    /** Media type of an answer that no schema describes, for the API's description: it is no JSON. */
    produces?: string;
  }
  interface FastifyRequest {
    /** Null on public routes. */
    caller: Caller | null;
  }
}

/** The caller of a route that is not public. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error("nobody calls a public route");
  return request.caller;
}

/** Whether a caller may use a route. */
export function mayUse({ role }: Caller, needed: AccessRole): boolean {
  return needed !== "operator" || role === "operator";
}
