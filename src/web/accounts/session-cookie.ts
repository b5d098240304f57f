import type { CookieSerializeOptions } from "@fastify/cookie";
import type { FastifyReply, FastifyRequest } from "fastify";
import { cookieSeconds } from "./sessions.ts";

/**
 * The secret in the cookie of the session, if there is one. Over TLS only one with a prefix counts, which the browser takes
 * from nobody but us: another server of the same host, or somebody on the way, cannot have set it.
 */
export function sessionSecretOf(request: FastifyRequest, basePath: string): string | undefined {
  return request.cookies[cookieName(request, basePath)];
}

/** Hands a session's secret to the browser. */
export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, basePath: string, secret: string): void {
  void reply.setCookie(cookieName(request, basePath), secret, {
    ...attributes(request, basePath),
    maxAge: cookieSeconds,
  });
}

/** Has the browser forget it. */
export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply, basePath: string): void {
  void reply.clearCookie(cookieName(request, basePath), attributes(request, basePath));
}

function cookieName(request: FastifyRequest, basePath: string): string {
  if (!isSecure(request)) return "ngwbackup";
  return basePath === "/" ? "__Host-ngwbackup" : "__Secure-ngwbackup";
}

function attributes(request: FastifyRequest, basePath: string): CookieSerializeOptions {
  return { path: basePath, httpOnly: true, sameSite: "strict", secure: isSecure(request) };
}

/** By TLS of ours, or as a proxy on this machine says. */
function isSecure({ protocol }: FastifyRequest): boolean {
  return protocol === "https";
}
