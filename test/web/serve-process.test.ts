import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { connect } from "node:net";
import { resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { cleanEnvironment } from "../fixtures/postgres.ts";
import { type StartedProgram, startProgram } from "../fixtures/run-program.ts";
import { WebClient, webInstance } from "../fixtures/web-server.ts";

const program = resolve(import.meta.dirname, "../../src/cli.ts");

test("the server tells its address, answers, and ends well when it is told to, whoever holds a connection", async () => {
  const { config } = await webInstance({ admin: "operator" });
  const { child, ended } = start("--config", config);
  const url = await addressIn(child.stderr!);
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const [response] = await once(get(`${url}healthz`, { agent }), "response");
  response.resume();
  // One that has not said yet what it wants.
  const silent = connect(Number(new URL(url).port), "127.0.0.1");
  silent.on("error", () => {});
  onTestFinished(() => void silent.destroy());
  await once(silent, "connect");
  child.kill("SIGTERM");
  expect(await ended).toMatchObject({ exitCode: 0, signal: null, stdout: "", stderr: `page at ${url}\n` });
});

test("with --json it tells by lines, also that nobody can sign in yet", async () => {
  const { config } = await webInstance({});
  const { child, ended } = start("--config", config, "--json");
  const url = await addressIn(child.stdout!);
  child.kill("SIGINT");
  const { exitCode, stdout, stderr } = await ended;
  expect([exitCode, stderr]).toEqual([0, ""]);
  expect(
    stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    { type: "message", message: `page at ${url}` },
    {
      type: "warning",
      code: "no-users",
      message: "nobody can sign in yet: no password is set",
      details: ["set one: ngwbackup serve --set-password"],
    },
    { type: "summary", command: "serve", address: url },
  ]);
});

test("users that are made while the server runs can sign in", async () => {
  const { config } = await webInstance({});
  const { child, ended } = start("--config", config);
  const url = await addressIn(child.stderr!);
  const set = startProgram(["serve", "--set-password", "--config", config], { stdin: "pipe" });
  set.child.stdin!.end("correct horse battery");
  expect((await set.ended).exitCode).toBe(0);
  expect((await new WebClient(url).signIn("admin")).status).toBe(200);
  child.kill("SIGTERM");
  await ended;
});

/** As systemd does it: binds a port, and hands it over as file 3 of the process that LISTEN_PID names. */
const activate = `
import os, socket, sys
listening = socket.create_server(("127.0.0.1", 0))
print("port", listening.getsockname()[1], file=sys.stderr, flush=True)
os.dup2(listening.fileno(), 3)
os.set_inheritable(3, True)
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = sys.argv[1]
os.execv(sys.argv[2], sys.argv[2:])
`;

test("it takes the socket that systemd hands over, and those who have come before it was there", async () => {
  const { config } = await webInstance({ admin: "operator" });
  const { child, ended } = activated("1", config);
  const [, port] = await match(child.stderr!, /^port (\d+)$/m);
  const url = `http://127.0.0.1:${port}/`;
  expect((await new WebClient(url).get("healthz")).text).toBe("ok\n");
  expect((await new WebClient(url).signIn("admin")).status).toBe(200);
  child.kill("SIGTERM");
  expect(await ended).toEqual({ exitCode: 0, stderr: `port ${port}\npage at ${url}\n` });
});

test("it wants one socket", async () => {
  const { config } = await webInstance({ admin: "operator" });
  const { exitCode, stderr } = await activated("2", config).ended;
  expect(exitCode).toBe(2);
  expect(stderr).toContain("error: expected one socket from systemd, found 2\n");
});

function start(...args: string[]): StartedProgram {
  const started = startProgram(["serve", "--listen", "127.0.0.1:0", ...args]);
  onTestFinished(() => void started.child.kill("SIGKILL"));
  return started;
}

function activated(
  sockets: string,
  config: string,
): { child: ReturnType<typeof spawn>; ended: Promise<{ exitCode: number | null; stderr: string }> } {
  const node = [process.execPath, "--disable-warning=ExperimentalWarning", program];
  const child = spawn("python3", ["-c", activate, sockets, ...node, "serve", "--config", config], {
    env: cleanEnvironment(),
    stdio: ["ignore", "ignore", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = once(child, "close").then(([exitCode]) => ({ exitCode: exitCode as number | null, stderr }));
  return { child, ended };
}

async function addressIn(stream: NodeJS.ReadableStream): Promise<string> {
  return (await match(stream, /page at (http[^\s"]+)/))[1]!;
}

/** Reads until something comes by. */
async function match(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<RegExpExecArray> {
  return await new Promise((done, fail) => {
    let text = "";
    stream.on("data", (piece: string) => {
      text += piece;
      const found = pattern.exec(text);
      if (found !== null) done(found);
    });
    stream.once("end", () => fail(new Error(`ended without ${String(pattern)}: ${text}`)));
  });
}
