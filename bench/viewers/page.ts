import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { AppError } from "../../src/errors.ts";

const program = join(import.meta.dirname, "..", "..", "src", "cli.ts");

/** What a crowd of viewers is told, as JSON. */
export interface Crowd {
  /** Of the page; ends with `/`. */
  url: string;
  /** Of a session. */
  cookie: string;
  viewers: number;
}

/** What a crowd has seen. */
export interface CrowdSight {
  events: number;
  /** Characters of all streams, without the heads of answers. */
  bytes: number;
  /** Streams of single runs that were opened. */
  runStreams: number;
}

/** The page of an instance, served by a process of its own, and a session at it. Whoever opens it closes it. */
export class BenchPage {
  /** Its address, and a session at it. */
  readonly entry: Omit<Crowd, "viewers">;
  readonly #server: ChildProcess;

  private constructor(entry: Omit<Crowd, "viewers">, server: ChildProcess) {
    this.entry = entry;
    this.#server = server;
  }

  /** @param env of programs @throws AppError when it does not come up */
  static async open(configPath: string, folder: string, env: NodeJS.ProcessEnv): Promise<BenchPage> {
    const password = randomBytes(12).toString("base64url");
    const passwordPath = join(folder, "password");
    await writeFile(passwordPath, password, { mode: 0o600 });
    const serve = (...args: string[]): ChildProcess => {
      const node = ["--disable-warning=ExperimentalWarning", program];
      const all = [...node, "serve", "--config", configPath, ...args];
      return spawn(process.execPath, all, { env, stdio: ["ignore", "ignore", "pipe"] });
    };
    await once(serve("--set-password", "bench", "--role", "viewer", "--password-file", passwordPath), "close");
    const server = serve("--listen", "127.0.0.1:0");
    const url = await addressOf(server);
    const response = await fetch(`${url}api/session`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: new URL(url).origin },
      body: JSON.stringify({ user: "bench", password }),
    });
    const cookie = response.headers.getSetCookie()[0]?.split(";")[0];
    if (cookie === undefined) throw new AppError("bench-viewers", `the sign-in was answered with ${response.status}`);
    return new BenchPage({ url, cookie }, server);
  }

  /** Does something while so many look. @returns what they have seen */
  async lookedAtBy(viewers: number, action: () => Promise<void>): Promise<CrowdSight> {
    const node = ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "crowd.ts")];
    const crowd = spawn(process.execPath, node, { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: crowd.stdout })[Symbol.asyncIterator]();
    try {
      crowd.stdin.write(`${JSON.stringify({ ...this.entry, viewers })}\n`);
      const { done } = await lines.next();
      if (done === true) throw new AppError("bench-viewers", "the viewers have gone");
      await action();
      crowd.stdin.end();
      return JSON.parse(String((await lines.next()).value)) as CrowdSight;
    } finally {
      crowd.kill();
    }
  }

  /** Processor time of the server until now, user and system, in milliseconds. */
  async cpuMs(): Promise<number> {
    const stat = await readFile(`/proc/${this.#server.pid}/stat`, "utf8");
    // After the name in parentheses, which may hold anything: fields 14 and 15 of proc(5), in hundredths of a second.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.kill();
    await closed;
  }
}

async function addressOf(server: ChildProcess): Promise<string> {
  const stderr = server.stderr!;
  for await (const line of createInterface({ input: stderr })) {
    const url = /page at (http\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    stderr.resume();
    return url;
  }
  throw new AppError("bench-viewers", `the server ended with ${server.exitCode}`, { details: [await text(stderr)] });
}
