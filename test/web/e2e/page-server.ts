import { type StartedProgram, startProgram } from "../../fixtures/run-program.ts";

/** How the server of a page is started. */
export interface PageServerOptions {
  /** 0: any that is free. */
  port?: number;
}

/** `ngwbackup serve` as a process of its own. Whoever starts it stops it. */
export class PageServer {
  /** Where it answers: origin and base path, ends with `/`. */
  readonly url: string;
  readonly #program: StartedProgram;

  private constructor(url: string, program: StartedProgram) {
    this.url = url;
    this.#program = program;
  }

  /** Starts it and waits until it can be asked. @throws when it ends before, with what it printed */
  static async start(config: string, { port = 0 }: PageServerOptions = {}): Promise<PageServer> {
    const program = startProgram(["serve", "--config", config, "--listen", `127.0.0.1:${port}`]);
    const { stderr } = program.child;
    const ready = Promise.withResolvers<string>();
    let text = "";
    stderr?.on("data", (piece: string) => {
      text += piece;
      const url = /page at (http\S+)/.exec(text)?.[1];
      if (url !== undefined) ready.resolve(url);
    });
    const ended = program.ended.then((end) => Promise.reject(new Error(`the server ended: ${end.stderr}`)));
    ended.catch(() => {});
    return new PageServer(await Promise.race([ready.promise, ended]), program);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Has it go down as systemd does. @throws when it does not end well, or has complained meanwhile */
  async stop(): Promise<void> {
    this.#program.child.kill("SIGTERM");
    const { exitCode, signal, stderr } = await this.#program.ended;
    const complaints = stderr
      .replace(/^page at \S+\n/, "")
      .replace(/^warning: nobody can sign in.*\n(hint: .*\n)*/m, "");
    if (exitCode !== 0 || complaints !== "")
      throw new Error(`the server ended with ${exitCode ?? signal}, and said: ${complaints}`);
  }
}
