import type { FastifyRequest } from "fastify";

/** The client's address, as its socket or a proxy of this machine tells it. */
export function clientOf({ ip }: FastifyRequest): string {
  // One that came by a Unix socket has none.
  return (ip as string | undefined) ?? "local";
}
