import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/**
 * A reverse proxy as those of docs/web.md are, which shows a server under a path, for one test.
 * @param target origin of the server
 * @returns its own origin
 */
export async function startReverseProxy(target: string, basePath: string): Promise<string> {
  const proxy = createServer((incoming, outgoing) => {
    if (incoming.url?.startsWith(basePath) !== true) {
      outgoing.writeHead(404).end("not here\n");
      return;
    }
    const headers = {
      ...incoming.headers,
      "x-forwarded-for": incoming.socket.remoteAddress,
      "x-forwarded-proto": "http",
      "x-forwarded-host": incoming.headers.host,
    };
    const passed = request(target + incoming.url, { method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on("error", () => outgoing.destroy());
    // Whoever goes away is not asked for any longer.
    outgoing.on("close", () => passed.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => void proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => proxy.closeAllConnections());
  onTestFinished(() => void proxy.close());
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}
