import { spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyClone, launcherEnvironment } from "../fixtures/clone.ts";

let clone: string;

beforeAll(() => {
  clone = copyClone(true);
});

afterAll(() => rmSync(dirname(clone), { recursive: true, force: true }));

interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
}

function start(program: string, args: string[], env: Record<string, string | undefined> = {}, cwd = "/"): Run {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    env: { ...launcherEnvironment(), ...env },
    encoding: "utf8",
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

/** A folder of programs, each a shell script, to stand first in PATH. */
function programs(name: string, scripts: Record<string, string>): string {
  const folder = join(dirname(clone), name);
  mkdirSync(folder, { recursive: true });
  for (const [program, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, program), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, program), 0o755);
  }
  return folder;
}

const version = { status: 0, stdout: "0.1.0\n", stderr: "" };
const oldNode = 'echo "v20.20.2"';

describe("in a clone", () => {
  test.for(["ngwbackup", "nextgisweb"])("%s starts by its own path, from any folder", (name) => {
    expect(start(join(clone, "bin", name), ["--version"])).toEqual(version);
  });

  test.for(["ngwbackup", "nextgisweb"])("%s is found through a chain of symbolic links", (name) => {
    const folder = join(dirname(clone), `links to ${name}`);
    mkdirSync(folder);
    symlinkSync(join("..", "a clone", "bin", name), join(folder, "relative"));
    symlinkSync(join(folder, "relative"), join(folder, "absolute"));
    expect(start(join(folder, "absolute"), ["--version"])).toEqual(version);
  });

  test("the name by which it is called stands in help, and in the hint of a wrong command", () => {
    expect(start(join(clone, "bin", "nextgisweb"), ["--help"]).stdout).toContain("\n  nextgisweb restore\n");
    const { status, stdout, stderr } = start(join(clone, "bin", "ngwbackup"), ["server"]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(
      /^error: there is no command server\n(hint: did you mean [^\n]*\n)*hint: ngwbackup --help\n$/,
    );
  });

  test("a Node.js in PATH that is too old gives way to the fetched one", () => {
    const platform = `node-${process.platform}-${process.arch}`;
    const fetched = join(clone, ".runtime", "node_modules", platform, "bin");
    mkdirSync(fetched, { recursive: true });
    symlinkSync(process.execPath, join(fetched, "node"));
    const PATH = `${programs("old-node", { node: oldNode })}:/usr/bin:/bin`;
    expect(start(join(clone, "bin", "ngwbackup"), ["--version"], { PATH })).toEqual(version);
  });

  test("a Node.js that is named and too old is an error", () => {
    const node = join(programs("named-node", { node: oldNode }), "node");
    const { status, stdout, stderr } = start(join(clone, "bin", "ngwbackup"), ["--version"], { NGWBACKUP_NODE: node });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toBe(`error: NGWBACKUP_NODE=${node} is no Node.js of 22.18 or newer\nhint: unset NGWBACKUP_NODE\n`);
  });
});

describe("in a clone without dependencies", () => {
  test("two first starts at once install once and both run, with a clean stdout", async () => {
    const fresh = copyClone(false);
    try {
      const runs = await Promise.all([startBeside(fresh), startBeside(fresh)]);
      expect(runs.map(({ status, stdout }) => ({ status, stdout }))).toEqual([
        { status: 0, stdout: "0.1.0\n" },
        { status: 0, stdout: "0.1.0\n" },
      ]);
      const said = runs.map(({ stderr }) => stderr).toSorted();
      expect(said).toEqual(["", "ngwbackup: installing dependencies (once) ...\n"]);
      expect(existsSync(join(fresh, "node_modules", "vitest"))).toBe(false);
      expect(existsSync(join(fresh, ".runtime", "install.lock"))).toBe(false);
    } finally {
      rmSync(dirname(fresh), { recursive: true, force: true });
    }
  }, 300_000);

  test("an installer that fails is shown, and leaves no lock behind", () => {
    const fresh = copyClone(false);
    try {
      const failing = programs("failing-npm", { npm: "echo the registry is away\nexit 1" });
      const PATH = `${failing}:${dirname(process.execPath)}:/usr/bin:/bin`;
      const { status, stdout, stderr } = start(join(fresh, "bin", "ngwbackup"), ["--version"], { PATH });
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toContain("\nthe registry is away\nerror: installing dependencies failed");
      expect(existsSync(join(fresh, ".runtime", "install.lock"))).toBe(false);
    } finally {
      rmSync(dirname(fresh), { recursive: true, force: true });
    }
  });

  test("the lock of a start that died does not stop the next one", () => {
    const fresh = copyClone(false);
    try {
      const ended = spawnSync("true");
      mkdirSync(join(fresh, ".runtime", "install.lock"), { recursive: true });
      writeFileSync(join(fresh, ".runtime", "install.lock", "pid"), `${ended.pid}\n`);
      // Copies what the real one would download.
      const source = join(clone, "node_modules");
      const copying = programs("copying-npm", {
        npm: `mkdir "${fresh}/node_modules" && cp -r "${source}/@stricli" "${source}/.package-lock.json" "${fresh}/node_modules/"`,
      });
      const PATH = `${copying}:${dirname(process.execPath)}:/usr/bin:/bin`;
      const { status, stdout } = start(join(fresh, "bin", "ngwbackup"), ["--version"], { PATH });
      expect({ status, stdout }).toEqual({ status: 0, stdout: "0.1.0\n" });
    } finally {
      rmSync(dirname(fresh), { recursive: true, force: true });
    }
  });
});

test("without sources or a compiled program's Node.js the installed launcher says what it needs", () => {
  const installed = join(dirname(clone), "installed");
  cpSync(join(clone, "bin"), join(installed, "bin"), { recursive: true });
  const node = join(programs("installed-node", { node: oldNode }), "node");
  const { status, stdout, stderr } = start(join(installed, "bin", "nextgisweb"), [], { NGWBACKUP_NODE: node });
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toBe(
    "error: Node.js v20.20.2 is too old, 22.18 or newer is needed\nhint: name a newer one: export NGWBACKUP_NODE=/path/to/node\n",
  );
});

function startBeside(folder: string): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(join(folder, "bin", "ngwbackup"), ["--version"], {
      cwd: "/",
      env: launcherEnvironment(),
      timeout: 120_000,
    });
    const run: Run = { status: null, stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (run.stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (run.stderr += chunk.toString()));
    child.on("close", (status) => resolve({ ...run, status }));
  });
}
