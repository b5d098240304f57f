import { existsSync } from "node:fs";
import { chmod, readdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { tinyScale } from "../../src/demo/scale.ts";
import { runDemo } from "../../src/demo/walk-through/run-demo.ts";
import { AppError } from "../../src/errors.ts";
import { cleanEnvironment } from "../fixtures/postgres.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

/** Runs the walk-through of a tiny instance; its cluster's folder stands in what it prints. */
async function run(
  onLine: (line: string, lines: string[]) => void,
  signal = new AbortController().signal,
  isServed = false,
) {
  const folder = await tempFolder();
  // A drill's server, which root does not run itself, has to reach it.
  await chmod(folder, 0o711);
  const lines: string[] = [];
  const ended = await runDemo({
    env: { ...cleanEnvironment(), TMPDIR: folder, NEXTGISWEB_CONFIG: "/nowhere", PGHOST: "nowhere" },
    signal,
    isRoot: false,
    scale: tinyScale,
    isServed,
    print(line) {
      lines.push(line);
      onLine(line, lines);
    },
  }).then(
    (result) => ({ result, error: undefined }),
    (error: unknown) => ({ result: undefined, error }),
  );
  const host = lines.map((line) => /database\.host = (.+)/.exec(line)?.[1]).find((found) => found !== undefined);
  // npm leaves its cache of compiled code there when the launcher has it install dependencies.
  const left = (await readdir(folder)).filter((name) => name !== "node-compile-cache");
  return { ...ended, lines, left, host: host ?? "" };
}

describe("walk-through", () => {
  test("goes through all steps, whatever the environment says, and leaves nothing", async () => {
    const { result, error, lines, left, host } = await run(() => undefined);
    expect(error).toBeUndefined();
    expect(result?.steps).toHaveLength(8);
    const text = lines.join("\n");
    expect(text).toMatch(/^ +ok \/.+\.ngwbackup$/m);
    expect(text).toMatch(/^ +equal to the last byte: \d+ tables with [\d,]+ rows/m);
    expect(text).toMatch(/^ +of one moment, although clients wrote/m);
    expect(left).toEqual([]);
    expect(host).toMatch(/^\//);
    expect(existsSync(host)).toBe(false);
  });

  test("serves the page with a month to look at until it is stopped, which is no failure", async () => {
    const controller = new AbortController();
    const pages: Promise<{ history: unknown[]; backups: number }>[] = [];
    const onLine = (line: string, lines: string[]): void => {
      const password = /sign in as demo with the password (\S+)/.exec(line)?.[1];
      if (password === undefined) return;
      const origin = lines.map((one) => /page at (\S+)\/$/.exec(one)?.[1]).find((found) => found !== undefined)!;
      pages.push(lookAt(origin, password).finally(() => controller.abort(new AppError("stopped", "stopped", {}, 130))));
    };
    const { result, error, lines, left, host } = await run(onLine, controller.signal, true);
    expect(error, lines.slice(-12).join("\n")).toBeUndefined();
    expect(result?.steps).toHaveLength(9);
    const { history, backups } = await pages[0]!;
    expect(history).toMatchObject([{ kind: "drill", state: "done" }, { kind: "backup" }, { kind: "restore" }]);
    expect(backups).toBeGreaterThan(25);
    expect(left).toEqual([]);
    expect(existsSync(host)).toBe(false);
  });

  test.each(["$ ngwbackup backup", "$ ngwbackup restore", "config.ini"])(
    "stopped at '%s', leaves nothing",
    async (at) => {
      const controller = new AbortController();
      const reason = new AppError("interrupted", "stopped", {}, 130);
      const { error, left, host } = await run((line) => {
        if (line.includes(at)) controller.abort(reason);
      }, controller.signal);
      expect(error).toBe(reason);
      expect(left).toEqual([]);
      expect(existsSync(host)).toBe(false);
    },
  );
});

/** Signs in to the demo's page; the newest runs, and how many backups its chart shows. */
async function lookAt(origin: string, password: string): Promise<{ history: unknown[]; backups: number }> {
  const signIn = await fetch(`${origin}/api/session`, {
    method: "POST",
    headers: { "content-type": "application/json", origin },
    body: JSON.stringify({ user: "demo", password }),
  });
  const cookie = signIn.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const ask = async <T>(path: string): Promise<T> =>
    (await (await fetch(`${origin}${path}`, { headers: { cookie } })).json()) as T;
  const { runs } = await ask<{ runs: unknown[] }>("/api/runs?limit=3");
  const { trend } = await ask<{ trend: unknown[] }>("/api/overview");
  return { history: runs, backups: trend.length };
}
