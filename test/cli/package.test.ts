import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyClone, launcherEnvironment } from "../fixtures/clone.ts";

let clone: string;
let prefix: string;

beforeAll(() => {
  clone = copyClone(true);
  prefix = join(dirname(clone), "prefix");
  mkdirSync(prefix);
  const packed = run("npm", ["pack", "--pack-destination", prefix], clone);
  expect(packed.status, packed.stderr).toBe(0);
  const tarball = readdirSync(prefix).find((name) => name.endsWith(".tgz")) ?? "";
  const args = ["install", "--global", "--prefix", prefix, "--no-audit", "--no-fund", "--prefer-offline"];
  const installed = run("npm", [...args, join(prefix, tarball)], prefix);
  expect(installed.status, installed.stderr).toBe(0);
}, 300_000);

afterAll(() => rmSync(dirname(clone), { recursive: true, force: true }));

function run(program: string, args: string[], cwd: string): { status: number | null; stdout: string; stderr: string } {
  const env = { ...launcherEnvironment(), XDG_CACHE_HOME: join(dirname(clone), "cache") };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: "utf8" });
  return { status, stdout, stderr };
}

test("the package holds launchers and compiled programs, and no sources", () => {
  const folder = join(prefix, "lib", "node_modules", "ngwbackup");
  expect(existsSync(join(folder, "dist", "cli.js"))).toBe(true);
  expect(existsSync(join(folder, "LICENSE"))).toBe(true);
  expect(existsSync(join(folder, "src"))).toBe(false);
  expect(existsSync(join(folder, "node_modules", "vitest"))).toBe(false);
});

test.for(["ngwbackup", "nextgisweb"])("%s of the installed package prints its version", (name) => {
  expect(run(join(prefix, "bin", name), ["--version"], "/")).toEqual({ status: 0, stdout: "0.1.0\n", stderr: "" });
});

test("help names the program as it was called", () => {
  const { status, stdout, stderr } = run(join(prefix, "bin", "nextgisweb"), ["--help"], "/");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain("\n  nextgisweb backup\n");
});

test.for([
  ["backup", "--config", "/nowhere/config.ini"],
  ["restore", "/nowhere/a.ngwbackup", "--config", "/nowhere/config.ini"],
  ["verify", "/nowhere/a.ngwbackup"],
  ["list", "/nowhere"],
  ["inspect", "/nowhere/a.ngwbackup"],
  ["check", "--config", "/nowhere/config.ini"],
  ["migrations", "status", "--config", "/nowhere/config.ini"],
  ["config", "--config", "/nowhere/config.ini"],
])("the implementation of %s is there, and fails as it should", (args) => {
  const { status, stdout, stderr } = run(join(prefix, "bin", "ngwbackup"), args, "/");
  expect(status).toBeGreaterThan(0);
  expect(stdout + stderr).toContain("/nowhere");
  expect(stderr).not.toMatch(/unexpected|\n\s+at /);
});

test("an error comes as on a clone: stderr, hint, exit code, no stack", () => {
  const { status, stdout, stderr } = run(
    join(prefix, "bin", "ngwbackup"),
    ["config", "--config", "/nowhere/config.ini"],
    "/",
  );
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(/^error: [^\n]*\/nowhere\/config\.ini[^\n]*\nhint: /);
  expect(stderr).not.toMatch(/\n\s+at /);
});
