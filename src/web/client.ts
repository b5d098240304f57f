import type { FastifyRequest } from "fastify";

/** The client's address, as its socket or a proxy of this machine tells it. */
export function clientOf(request: FastifyRequest): string {
  // One that came by a Unix socket has none, whatever its type says.
  const address: string | undefined = request.ip;
  return address ?? "local";
}
