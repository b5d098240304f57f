import type { FastifyHelmetOptions } from "@fastify/helmet";

/**
 * Headers by which browsers keep the page to itself: it loads nothing from elsewhere, runs nothing that stands in a document,
 * and stands in nobody's frame. `base-uri` is `'self'` for the base path, which index.html names.
 * @param hasTls whether we speak TLS ourselves; behind a proxy HSTS is the proxy's
 */
export function securityHeaders(hasTls: boolean): FastifyHelmetOptions {
  const own = ["'self'"];
  const none = ["'none'"];
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: none,
        scriptSrc: own,
        styleSrc: own,
        imgSrc: own,
        fontSrc: own,
        connectSrc: own,
        manifestSrc: own,
        baseUri: own,
        formAction: own,
        frameAncestors: none,
      },
    },
    strictTransportSecurity: hasTls ? { maxAge: 365 * 24 * 60 * 60, includeSubDomains: false } : false,
    referrerPolicy: { policy: "no-referrer" },
    crossOriginOpenerPolicy: { policy: "same-origin" },
    crossOriginResourcePolicy: { policy: "same-origin" },
    xFrameOptions: { action: "deny" },
  };
}
