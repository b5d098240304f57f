import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { tinyScale } from "../../src/demo/scale.ts";
import { runDemo } from "../../src/demo/walk-through/run-demo.ts";
import { AppError } from "../../src/errors.ts";
import { cleanEnvironment } from "../fixtures/postgres.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

/** Runs the walk-through of a tiny instance; its cluster's folder stands in what it prints. */
async function run(onLine: (line: string, lines: string[]) => void, signal = new AbortController().signal) {
  const folder = await tempFolder();
  const lines: string[] = [];
  const ended = await runDemo({
    env: { ...cleanEnvironment(), TMPDIR: folder, NEXTGISWEB_CONFIG: "/nowhere", PGHOST: "nowhere" },
    signal,
    isRoot: false,
    scale: tinyScale,
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
