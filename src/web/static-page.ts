import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyReply } from "fastify";
import { systemCode } from "../disk-errors.ts";
import { notFound } from "./web-error.ts";
import type { WebApp } from "./web-service.ts";

/** Names of files in it are of their content. */
const hashedPrefix = "assets/";

const notBuilt = "The page is not built. In a clone: npm run build\nThe API is there: see docs/web.md\n";

/** The page that was built, and where it is shown. */
export interface PageParts {
  folder: string;
  /** Begins and ends with `/`. */
  basePath: string;
}

/**
 * Serves the files of the page. What is no file and is asked for as a document is one of its views: `index.html`.
 * Files that were compressed when the page was built (`.br`, `.gz`) are sent as they are.
 */
export function servePage(app: WebApp, page: PageParts): void {
  void app.register(fastifyStatic, { serve: false, preCompressed: true, dotfiles: "ignore", suppressWarning: true });
  app.get("/*", { config: { role: "public" }, schema: { hide: true } }, async (request, reply) => {
    const path = (request.params as { "*": string })["*"];
    if (path === "" || path === "index.html") return await sendIndex(reply, page);
    if (path.startsWith("api/")) throw notFound(`route GET /${path}`);
    const isHashed = path.startsWith(hashedPrefix);
    // Others are asked for again each time, and answered by 304.
    return reply.sendFile(path, page.folder, isHashed ? { maxAge: "1y", immutable: true } : { maxAge: 0 });
  });
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split("?")[0]!;
    const isDocument = request.method === "GET" && request.headers.accept?.includes("text/html") === true;
    if (isDocument && !path.startsWith("/api/") && !path.startsWith(`/${hashedPrefix}`))
      return await sendIndex(reply, page);
    throw notFound(`page or route ${request.method} ${path}`);
  });
}

/** With the base path in it, from which its relative addresses count. */
async function sendIndex(reply: FastifyReply, { folder, basePath }: PageParts): Promise<FastifyReply> {
  void reply.code(200).header("cache-control", "no-cache");
  let html: string;
  try {
    html = await readFile(join(folder, "index.html"), "utf8");
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
    return await reply.type("text/plain; charset=utf-8").send(notBuilt);
  }
  const base = `<base href="${basePath}" />`;
  const placed = /<base\b[^>]*>/i.test(html)
    ? html.replace(/<base\b[^>]*>/i, base)
    : html.replace(/<head>/i, (head) => head + base);
  return await reply.type("text/html; charset=utf-8").send(placed);
}
