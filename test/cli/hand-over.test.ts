import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { installStandIn, type StandIn, writeScript } from "../fixtures/application/install.ts";
import { cleanEnvironment } from "../fixtures/postgres.ts";
import { type ProgramResult, runProgram } from "../fixtures/python.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const ownCommand = join(import.meta.dirname, "../../bin/nextgisweb");
const ownBin = join(ownCommand, "..");

let standIn: StandIn;
beforeAll(async () => {
  standIn = await installStandIn();
});
afterAll(() => standIn.remove());

/** PATH with the given folders first, and no nextgisweb anywhere else. */
function pathOf(...folders: string[]): string {
  return [...folders, join(process.execPath, ".."), "/usr/bin", "/bin"].join(":");
}

async function call(
  args: readonly string[],
  options: Partial<Parameters<typeof runProgram>[2]> & { path?: string } = {},
): Promise<ProgramResult> {
  const { path = pathOf(ownBin, join(standIn.folder, "bin")), env, ...rest } = options;
  return await runProgram(ownCommand, args, { cwd: "/", env: { ...cleanEnvironment(), PATH: path, ...env }, ...rest });
}

describe("nextgisweb with a command that is not ours", () => {
  test("is handed all arguments, stdin and both outputs, and its exit code comes back", async () => {
    const args = ["echo", "--json", "a b", "$(x)", "", "--", "é"];
    const result = await call(args, { input: "from stdin\n" });
    expect(result).toMatchObject({
      exitCode: 7,
      stderr: `arguments ["--json", "a b", "$(x)", "", "--", "\\u00e9"]\n`,
    });
    expect(result.stdout.toString()).toBe("from stdin\n");
  });

  test("flags before the command are handed on as well", async () => {
    const { stderr, exitCode } = await call(["--config", "/no/file", "server"]);
    expect({ stderr, exitCode }).toEqual({
      stderr: "stand-in: no such command: --config /no/file server\n",
      exitCode: 2,
    });
  });

  test("one that a signal ends gives 128 and the signal's number", async () => {
    expect((await call(["die"])).exitCode).toBe(128 + constants.signals.SIGKILL);
  });

  test.each(["SIGINT", "SIGTERM"] as const)("%s reaches it, and its own exit code comes back", async (signal) => {
    const child = spawn(ownCommand, ["pserve"], {
      env: { ...cleanEnvironment(), PATH: pathOf(ownBin, join(standIn.folder, "bin")) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    await lineOf(child, "serving []");
    child.kill(signal);
    const stopped = lineOf(child, `stopped by ${signal}`);
    const [[code]] = await Promise.all([once(child, "exit"), stopped]);
    expect(code).toBe(constants.signals[signal]);
  });

  test("the configured command counts before PATH", async () => {
    const folder = await tempFolder();
    await writeScript(join(folder, "ngw"), '#!/bin/sh\necho "configured: $*"\n');
    await writeFile(join(folder, "config.ini"), `[ngwbackup]\napplication.command = ${join(folder, "ngw")} first\n`);
    const { stdout } = await call(["server"], { env: { NEXTGISWEB_CONFIG: join(folder, "config.ini") } });
    expect(stdout.toString()).toBe("configured: first server\n");
    const byFlag = await call(["--config", join(folder, "config.ini"), "server"]);
    expect(byFlag.stdout.toString()).toBe(`configured: first --config ${join(folder, "config.ini")} server\n`);
  });

  test.each([["ours alone in PATH"], ["ours by links"], ["a script that calls us"], ["scripts that change arguments"]])(
    "%s: says that there is no other, exit 2",
    async (kind) => {
      const folder = await tempFolder();
      await mkdir(join(folder, "a"));
      const other = join(folder, "a", "nextgisweb");
      if (kind === "ours by links") await symlink(ownCommand, other);
      else if (kind === "a script that calls us") await writeScript(other, `#!/bin/sh\nexec '${ownCommand}' "$@"\n`);
      else if (kind === "scripts that change arguments")
        await writeScript(other, `#!/bin/sh\n'${ownCommand}' "$@" again\n`);
      const { stdout, stderr, exitCode } = await call(["server", "--x"], { path: pathOf(ownBin, join(folder, "a")) });
      expect({ stdout: stdout.toString(), exitCode }).toEqual({ stdout: "", exitCode: 2 });
      expect(stderr).toContain("error: server is not a command of ngwbackup, and no other nextgisweb was found\n");
      expect(stderr).toContain("hint: set application.command in section [ngwbackup]");
    },
  );

  test("a script that calls us is passed over for the application behind it", async () => {
    const folder = await tempFolder();
    await writeScript(join(folder, "nextgisweb"), `#!/bin/sh\nexec '${ownCommand}' "$@"\n`);
    const result = await call(["echo"], { path: pathOf(folder, join(standIn.folder, "bin")) });
    expect(result).toMatchObject({ exitCode: 7, stderr: "arguments []\n" });
  });

  test("an application that calls nextgisweb itself reaches itself again", async () => {
    const folder = await tempFolder();
    await writeScript(
      join(folder, "nextgisweb"),
      '#!/bin/sh\nif [ "$1" = outer ]; then exec nextgisweb inner; fi\necho "application: $*"\n',
    );
    const { stdout, exitCode } = await call(["outer"], { path: pathOf(ownBin, folder) });
    expect({ stdout: stdout.toString(), exitCode }).toEqual({ stdout: "application: inner\n", exitCode: 0 });
  });

  test("one that cannot be started", async () => {
    const folder = await tempFolder();
    await writeScript(join(folder, "nextgisweb"), "#!/no/such/python\n");
    const { stderr, exitCode } = await call(["server"], { path: pathOf(folder) });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`error: cannot run ${join(folder, "nextgisweb")}: spawn`);
  });

  test("commands of ours stay ours", async () => {
    const { stdout, exitCode } = await call(["backup", "--help"]);
    expect(exitCode).toBe(0);
    expect(stdout.toString()).toContain("--one-shot");
  });

  test("ngwbackup never hands anything on", async () => {
    const result = await runProgram(join(ownBin, "ngwbackup"), ["echo"], {
      env: { ...cleanEnvironment(), PATH: pathOf(join(standIn.folder, "bin")) },
    });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).not.toContain("arguments");
  });
});

/** Resolves when the text that a program printed so far has a line. */
function lineOf(child: ChildProcess, line: string): Promise<void> {
  let text = "";
  return new Promise((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes(`${line}\n`)) resolve();
    });
    child.once("close", () => reject(new Error(`expected ${line}, found ${text}`)));
  });
}
