import { readFile } from "node:fs/promises";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { text } from "node:stream/consumers";
import { pageFolder } from "../../../scripts/page.ts";
import { securityPolicy } from "./security-policy.ts";
import { answer } from "./fixture-routes.ts";
import { type FixtureState, newFixtureState } from "./fixture-state.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** A server that speaks the page's contract out of samples, under a base path. */
export class FixtureServer {
  /** Changed by tests as they go. */
  state: FixtureState = newFixtureState();
  /** Paths of all requests. */
  readonly asked: string[] = [];
  readonly basePath: string;
  #server: Server | undefined;
  #port = 0;
  readonly #streams = new Set<{ path: string; response: ServerResponse }>();

  constructor(basePath = "/backup/") {
    this.basePath = basePath;
  }

  /** Address of the page, with its base path. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}${this.basePath}`;
  }

  /** Listens: on a free port the first time, on the same one after a {@link stop}. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Stops at once, streams and all. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
    this.#streams.clear();
  }

  /** Sends an event to whoever listens to a stream: `api/events`. */
  send(path: string, name: string, data: unknown): void {
    for (const stream of this.#streams) if (stream.path === path) stream.response.write(eventText(name, data));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const path = url.pathname.startsWith(this.basePath) ? url.pathname.slice(this.basePath.length) : undefined;
    this.asked.push(`${request.method} ${path}`);
    response.setHeader("content-security-policy", securityPolicy);
    if (path === undefined) {
      response.writeHead(404).end();
    } else if (path.startsWith("api/")) {
      await this.#api(path, url.searchParams, request, response);
    } else {
      await this.#file(path, response);
    }
  }

  async #api(path: string, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = await text(request);
    const body: unknown = sent === "" ? undefined : JSON.parse(sent);
    const csrf = request.headers["x-csrf-token"]?.toString();
    const found = answer({ method: request.method ?? "GET", path, query, body }, csrf, this.state);
    if (found.events !== undefined) {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write(found.events.map(([name, data]) => eventText(name, data)).join(""));
      const stream = { path, response };
      this.#streams.add(stream);
      response.on("close", () => this.#streams.delete(stream));
      return;
    }
    if (found.retryAfterSeconds !== undefined) response.setHeader("retry-after", found.retryAfterSeconds);
    response.writeHead(found.status, { "content-type": "application/json" });
    response.end(found.body === undefined ? undefined : JSON.stringify(found.body));
  }

  async #file(path: string, response: ServerResponse): Promise<void> {
    const isAsset = path.startsWith("assets/");
    const name = isAsset ? path : "index.html";
    const content = await readFile(join(pageFolder, name)).catch(() => undefined);
    if (content === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader("content-type", types[extname(name)] ?? "application/octet-stream");
    response.end(isAsset ? content : content.toString().replace("<head>", `<head><base href="${this.basePath}" />`));
  }
}

function eventText(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
