import { Readable } from "node:stream";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { type ComingRange, type Landing, RangeConnection, type RangeLineOptions } from "./range-connection.ts";
import { headEnd } from "./range-head.ts";

type Request = Parameters<NodeHttpHandler["handle"]>[0];
type Options = NonNullable<Parameters<NodeHttpHandler["handle"]>[1]>;
type Handled = ReturnType<NodeHttpHandler["handle"]>;

/** What a call of the SDK is given beside its signal, so that a range lands in memory of the caller's. */
export interface LandingOptions {
  landing: Landing & {
    /** Set when the answer's body is empty because its bytes come here: settles when all of them have come. */
    arrived?: Promise<void>;
  };
}

/** Carries the SDK's requests: ranges that have a place to land by connections of their own, all others as Node does. */
export class RangeHandler extends NodeHttpHandler {
  readonly #lines: RangeLineOptions;
  readonly #open = new Set<RangeConnection>();
  readonly #idle = new Map<string, RangeConnection[]>();

  constructor(usual: ConstructorParameters<typeof NodeHttpHandler>[0], lines: RangeLineOptions) {
    super(usual);
    this.#lines = lines;
  }

  override async handle(request: Request, options: Options & Partial<LandingOptions> = {}): Handled {
    const { landing, abortSignal } = options;
    if (landing !== undefined && abortSignal instanceof AbortSignal) {
      const head = headOf(request);
      const coming = head === undefined ? undefined : await this.#ask(request, head, landing, abortSignal);
      if (coming !== undefined) {
        landing.arrived = coming.arrived;
        return {
          response: { statusCode: 206, headers: coming.head.headers, body: Readable.from([]) },
        };
      }
    }
    return await super.handle(request, options);
  }

  override destroy(): void {
    for (const connection of this.#open) connection.close();
    super.destroy();
  }

  async #ask(
    { protocol, hostname, port }: Request,
    head: string,
    landing: Landing,
    signal: AbortSignal,
  ): Promise<ComingRange | undefined> {
    const isSecure = protocol === "https:";
    const server = { isSecure, host: hostname.replace(/^\[(.*)\]$/, "$1"), port: port ?? (isSecure ? 443 : 80) };
    const name = `${protocol}//${server.host}:${server.port}`;
    const idle = this.#idle.get(name) ?? [];
    this.#idle.set(name, idle);
    for (;;) {
      signal.throwIfAborted();
      const used = idle.pop();
      if (used?.isUsable === false) {
        this.#open.delete(used);
        continue;
      }
      const connection = used ?? new RangeConnection(server, this.#lines);
      this.#open.add(connection);
      try {
        const coming = await connection.ask(head, landing, signal);
        if (coming !== undefined) {
          const giveBack = (): void =>
            void (connection.isUsable ? idle.push(connection) : this.#open.delete(connection));
          void coming.arrived.then(giveBack, giveBack);
          return coming;
        }
      } catch (error) {
        this.#open.delete(connection);
        // Servers close what was idle for a while, which may be known only when it is used.
        const isClosed = /^(ECONNRESET|EPIPE)$/.test((error as NodeJS.ErrnoException).code ?? "");
        if (used === undefined || signal.aborted || !isClosed) throw error;
        continue;
      }
      this.#open.delete(connection);
      return undefined;
    }
  }
}

/** The head of a request without a body; undefined for one that is not as plain as those for ranges are. */
function headOf({ method, path, query, headers, body, username, fragment }: Request): string | undefined {
  if (method !== "GET" || body !== undefined || username !== undefined || fragment !== undefined) return undefined;
  const parameters = Object.entries(query ?? {});
  if (!parameters.every(([name, value]) => typeof value === "string" && /^[\w-]+$/.test(name + value)))
    return undefined;
  const target = path + (parameters.length === 0 ? "" : `?${parameters.map((pair) => pair.join("=")).join("&")}`);
  const lines = [`GET ${target} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
  return lines.every((line) => /^[\x20-\x7e]+$/.test(line)) ? lines.join("\r\n") + headEnd : undefined;
}
