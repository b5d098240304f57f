import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { runChild } from "../../src/processes/child-process.ts";
import { runWithFailingCall } from "../fixtures/failing-calls/run-script.ts";
import { collect, errorOf } from "../fixtures/streams.ts";

const env = { PATH: process.env.PATH };
const sh = (script: string, options: Partial<Parameters<typeof runChild>[2]> = {}) =>
  runChild("/bin/sh", ["-c", script], { env, label: "the script", ...options });

describe("a child program", () => {
  test("gives back what it printed", async () => {
    expect(await sh('printf "%s" "$X"; echo two >&2', { env: { ...env, X: "one; $(two)" } })).toEqual({
      stdout: "one; $(two)",
      stderr: "two\n",
    });
  });

  test("that cannot be started for want of descriptors is an error as any other", async () => {
    const printed = await runWithFailingCall(
      `import { runChild } from "SRC/processes/child-process.ts";
       console.log(await runChild("/bin/true", [], { env: {}, label: "it" }).catch((error) => error.code + ": " + error.message));`,
      {},
      { call: { kind: "start", place: "true" }, nth: 1, fault: "EMFILE" },
    );
    expect(printed).toMatch(/^program-failed: cannot run it: EMFILE: too many open files/);
  });

  test("has no input", async () => {
    expect((await sh("cat; echo end")).stdout).toBe("end\n");
  });

  test("sends its output where it is told, slow readers too, and leaves that open", async () => {
    const stdout = new PassThrough({ highWaterMark: 10 });
    const stderr = new PassThrough();
    const text = collect(stdout);
    const result = await sh("seq 1 50000; echo problem >&2", { stdout, stderr });
    expect(result).toEqual({ stdout: "", stderr: "problem\n" });
    expect(stdout.writableEnded).toBe(false);
    stdout.end();
    stderr.end();
    expect((await text).toString().trim().split("\n")).toHaveLength(50_000);
    expect((await collect(stderr)).toString()).toBe("problem\n");
  });

  test("runs to its end when the reader of its output goes away", async () => {
    const stdout = new PassThrough({ highWaterMark: 10 });
    setTimeout(() => stdout.destroy(), 50);
    const { stderr } = await sh("seq 1 500000; echo done >&2", { stdout });
    expect(stderr).toBe("done\n");
  });

  test("that fails is an error with its status and last lines", async () => {
    const error = await errorOf(() => sh("seq 1 30 >&2; exit 3"));
    expect(error).toMatchObject({ status: 3, killedBy: undefined, message: "the script failed with exit status 3" });
    expect((error as unknown as { details: string[] }).details).toEqual(
      Array.from({ length: 20 }, (_, index) => String(index + 11)),
    );
  });

  test("that fails after it was shown is not shown twice", async () => {
    const stderr = new PassThrough();
    const error = await errorOf(() => sh("echo shown >&2; exit 3", { stderr }));
    expect(error).toMatchObject({ details: [], stderr: "shown\n" });
  });

  test("that is killed says by which signal", async () => {
    const error = await errorOf(() => sh("kill -KILL $$"));
    expect(error).toMatchObject({ status: undefined, killedBy: "SIGKILL", message: "the script was ended by SIGKILL" });
  });

  test("that does not exist", async () => {
    const error = await errorOf(() => runChild("/no/program", ["x"], { env }));
    expect(error.message).toBe("cannot run /no/program x: spawn /no/program ENOENT");
  });

  test("is ended by an abort, whose reason comes out", async () => {
    const abort = new AbortController();
    const reason = new Error("enough");
    const stdout = new PassThrough();
    stdout.once("data", () => abort.abort(reason));
    await expect(sh("echo started; exec sleep 600", { stdout, signal: abort.signal })).rejects.toBe(reason);
  });

  test("that does not listen to an abort is killed", async () => {
    const abort = new AbortController();
    const stdout = new PassThrough();
    stdout.once("data", () => abort.abort(new Error("enough")));
    await expect(
      sh("trap '' TERM; echo started; while :; do sleep 0.1; done", { stdout, signal: abort.signal, killAfterMs: 300 }),
    ).rejects.toThrow("enough");
  });

  test("is not started once aborted", async () => {
    await expect(runChild("/no/program", [], { env, signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
      "enough",
    );
  });
});
