import { type ChildProcess, fork, spawn } from "node:child_process";
import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError, messageOf } from "../errors.ts";
import type { ServerBinaries } from "./server-binaries.ts";
import type { ServerUser } from "./server-user.ts";

/** What a server runs with. */
export interface RunningServerOptions {
  env: Readonly<Record<string, string | undefined>>;
  /** Ends the wait for a start. */
  signal: AbortSignal;
}

/** The server process of a private cluster, which may end and start again, and the guard that ends it when we are gone. */
export class RunningServer {
  readonly #folder: string;
  readonly #dataFolder: string;
  readonly #logPath: string;
  readonly #server: ServerBinaries;
  readonly #user: ServerUser | undefined;
  readonly #options: RunningServerOptions;
  #child: ChildProcess | undefined;
  #guard: ChildProcess | undefined;

  constructor(
    folder: string,
    logPath: string,
    server: ServerBinaries,
    user: ServerUser | undefined,
    options: RunningServerOptions,
  ) {
    this.#folder = folder;
    this.#dataFolder = join(folder, "data");
    this.#logPath = logPath;
    this.#server = server;
    this.#user = user;
    this.#options = options;
  }

  /**
   * Starts the process and waits until it answers; without effect while it runs.
   * @throws AppError when it ends or is not ready in a minute, with the end of its log
   */
  async start(): Promise<void> {
    if (isRunning(this.#child)) return;
    const child = await this.#spawn();
    this.#child = child;
    const guard = startGuard(child, this.#folder);
    this.#guard?.kill("SIGKILL");
    this.#guard = guard;
    await this.#waitUntilReady(child);
  }

  /** Ends the process: `fast` ends sessions and writes what is to be written, `immediate` leaves it to recovery. */
  async end(how: "fast" | "immediate"): Promise<void> {
    const child = this.#child;
    if (child === undefined || !isRunning(child)) return;
    child.ref();
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill(how === "fast" ? "SIGINT" : "SIGQUIT");
    const impatient = setTimeout(() => child.kill("SIGQUIT"), 10_000);
    await ended;
    clearTimeout(impatient);
  }

  /** Ends it for good; its folder is removed. */
  async remove(): Promise<void> {
    await this.end("fast");
    await rm(this.#folder, { recursive: true, force: true });
    this.#guard?.kill("SIGKILL");
  }

  async #spawn(): Promise<ChildProcess> {
    const log = await open(this.#logPath, "a", 0o600);
    try {
      const child = spawn(join(this.#server.binDir, "postgres"), ["-D", this.#dataFolder], {
        cwd: this.#dataFolder,
        env: serverEnvironment(this.#options.env),
        // A group of its own, so that a Ctrl-C at the terminal does not stop the server under its users.
        detached: true,
        stdio: ["ignore", log.fd, log.fd],
        ...(this.#user === undefined ? {} : { uid: this.#user.uid, gid: this.#user.gid }),
      });
      // Without a listener a failed start would end the program; `exitCode` and the log tell the rest.
      child.on("error", () => {});
      child.unref();
      return child;
    } finally {
      await log.close();
    }
  }

  async #waitUntilReady(child: ChildProcess): Promise<void> {
    const deadline = performance.now() + 60_000;
    for (;;) {
      this.#options.signal.throwIfAborted();
      // Line 1 of postmaster.pid is the process, which a crash leaves behind; line 8 is the state, which pg_ctl waits for as well.
      const pidFile = await readFile(join(this.#dataFolder, "postmaster.pid"), "utf8").catch(() => "");
      const lines = pidFile.split("\n");
      if (Number(lines[0]) === child.pid && lines[7]?.trim() === "ready") return;
      const ended = !isRunning(child);
      if (ended || performance.now() > deadline) {
        const log = await readFile(this.#logPath, "utf8").catch((error: unknown) => messageOf(error));
        throw new AppError(
          "cluster-start",
          `the private PostgreSQL ${ended ? "ended at its start" : "does not start"}`,
          {
            details: log.trimEnd().split("\n").slice(-8),
          },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Nothing of libpq's or the server's own variables reaches a private server. */
export function serverEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return { PATH: env["PATH"], LD_LIBRARY_PATH: env["LD_LIBRARY_PATH"], TZ: env["TZ"], LC_ALL: "C" };
}

function isRunning(child: ChildProcess | undefined): boolean {
  return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function startGuard(child: ChildProcess, folder: string): ChildProcess | undefined {
  if (child.pid === undefined) return undefined;
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const path = fileURLToPath(new URL(`./guard.${extension}`, import.meta.url));
  const guard = fork(path, [String(child.pid), folder], { detached: true, execArgv: [], stdio: "ignore" });
  guard.on("error", () => {});
  guard.unref();
  guard.channel?.unref();
  return guard;
}
