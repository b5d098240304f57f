import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findApplicationCommand } from "../../src/migrations/application-command.ts";
import { readCatalog } from "../../src/migrations/catalog.ts";
import { type ApplicationSearch, findInstalledApplication } from "../../src/migrations/installed-application.ts";
import { commandInterpreter } from "../../src/migrations/interpreter.ts";
import { revisionKey } from "../../src/migrations/migration.ts";
import { installStandIn, standInSite, type StandIn, writeScript } from "../fixtures/application/install.ts";
import { cleanEnvironment } from "../fixtures/postgres.ts";
import { errorOf } from "../fixtures/streams.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

let standIn: StandIn;
beforeAll(async () => {
  standIn = await installStandIn();
});
afterAll(() => standIn.remove());

const ownBin = join(import.meta.dirname, "../../bin");
const search = (path: string, more: Partial<ApplicationSearch> = {}): ApplicationSearch => ({
  env: { ...cleanEnvironment(), PATH: path },
  cwd: "/",
  ...more,
});
const expectedComponents = [
  { component: "chart", folder: join(standInSite, "nextgisweb/chart/migration") },
  { component: "core", folder: undefined },
  { component: "extra", folder: join(standInSite, "nextgisweb_extra/migration") },
  { component: "lookup", folder: join(standInSite, "nextgisweb/lookup/migration") },
  { component: "survey", folder: join(standInSite, "nextgisweb/survey/migration") },
];

describe("the installed application", () => {
  test.each<[string, () => ApplicationSearch]>([
    ["PATH, our own program before it", () => search(`${ownBin}:${standIn.folder}/bin`)],
    ["a configured command", () => search("", { command: [standIn.command] })],
    ["a command behind another program", () => search("", { command: ["/usr/bin/env", "A=b", standIn.command] })],
    ["a configured Python", () => search("", { python: standIn.python })],
    ["a relative path", () => search("", { python: "bin/python", cwd: standIn.folder })],
    // Python would look for packages in the current folder first.
    ["a folder with other packages of that name", () => search("", { python: standIn.python, cwd: standIn.folder })],
  ])("is found through %s, without being imported", async (_, given) => {
    await mkdir(join(standIn.folder, "nextgisweb", "decoy", "migration"), { recursive: true });
    await writeFile(join(standIn.folder, "nextgisweb", "__init__.py"), "");
    await writeFile(join(standIn.folder, "nextgisweb", "decoy", "__init__.py"), "");
    const found = await findInstalledApplication(given());
    expect(found.components.toSorted((a, b) => (a.component < b.component ? -1 : 1))).toEqual(expectedComponents);
    expect(found).toMatchObject({ version: "9.1.0", complete: true });
  });

  test("its migrations are read", async () => {
    const { components, complete } = await findInstalledApplication(search("", { command: [standIn.command] }));
    const catalog = await readCatalog(components, { complete });
    expect(catalog.migrations.map(revisionKey).toSorted()).toEqual([
      "chart:1b000001",
      "chart:1b000002",
      "extra:1c000001",
      "lookup:1d000001",
      "survey:1a000001",
      "survey:1a000002",
    ]);
    expect(catalog.migrations.find(({ revision }) => revision === "1b000002")).toMatchObject({
      message: 'A chart for each "noted" survey',
    });
  });

  test("named folders need no Python", async () => {
    const folder = join(standInSite, "nextgisweb/survey/migration");
    expect(await findInstalledApplication(search("", { migrationFolders: [folder] }))).toEqual({
      components: [{ component: "survey", folder }],
      complete: false,
      version: undefined,
      source: "application.migrations",
    });
  });

  test.each<[string, () => ApplicationSearch | Promise<ApplicationSearch>, string, number]>([
    ["none", () => search(ownBin), "no installed NextGIS Web was found: PATH has no nextgisweb but ours", 4],
    [
      "a Python without it",
      () => search(cleanEnvironment()["PATH"] ?? "", { python: "python3" }),
      "no NextGIS Web is installed in python3",
      4,
    ],
    ["no such Python", () => search("", { python: "/no/python" }), "/no/python: cannot run /no/python: spawn", 4],
    [
      "a Python that fails",
      async () => {
        const path = join(await tempFolder(), "python");
        await writeScript(path, "#!/bin/sh\necho broken >&2\nexit 9\n");
        return search(cleanEnvironment().PATH ?? "", { python: path });
      },
      "failed with exit status 9",
      4,
    ],
    [
      "a Python that prints nonsense",
      async () => {
        const path = join(await tempFolder(), "python");
        await writeScript(path, "#!/bin/sh\necho hello\n");
        return search(cleanEnvironment().PATH ?? "", { python: path });
      },
      "did not list the application's components",
      4,
    ],
    [
      "a command that tells no Python",
      async () => {
        const path = join(await tempFolder(), "nextgisweb");
        await writeScript(path, "#!/bin/sh\nexit 0\n");
        return search("", { command: [path] });
      },
      "does not tell which Python it runs in",
      4,
    ],
    ["no such command", () => search("", { command: ["/no/ngw"] }), "/no/ngw is not an executable file", 2],
    ["a name that is nowhere", () => search("/usr/bin", { command: ["ngw-x"] }), "ngw-x is in no folder of PATH", 2],
    ["ourselves", () => search("", { command: [join(ownBin, "nextgisweb")] }), "is ngwbackup itself", 2],
  ])("%s is an error that says what to configure", async (_, given, message, exitCode) => {
    const found = await given();
    const error = await errorOf(() => findInstalledApplication(found));
    expect(error.message).toContain(message);
    expect(error).toMatchObject({ exitCode, hints: [expect.stringContaining("set application.")] });
  });

  test("a Python that hangs is ended when the work is", async () => {
    const path = join(await tempFolder(), "python");
    await writeScript(path, "#!/bin/sh\nexec sleep 600\n");
    const abort = new AbortController();
    const reason = new Error("enough");
    const running = findInstalledApplication(
      search(cleanEnvironment().PATH ?? "", { python: path, signal: abort.signal }),
    );
    setTimeout(() => abort.abort(reason), 200);
    await expect(running).rejects.toBe(reason);
  });
});

describe("the application's command", () => {
  test("is never ours, by whatever links", async () => {
    const folder = await tempFolder();
    await mkdir(join(folder, "a"));
    await mkdir(join(folder, "b"));
    await symlink(join(ownBin, "nextgisweb"), join(folder, "b", "nextgisweb"));
    await symlink(join(folder, "b", "nextgisweb"), join(folder, "a", "nextgisweb"));
    const env = { PATH: [join(folder, "a"), join(folder, "b"), ownBin].join(":") };
    expect(await findApplicationCommand({ env, cwd: "/" })).toBeUndefined();
    env.PATH += `:${standIn.folder}/bin`;
    expect(await findApplicationCommand({ env, cwd: "/" })).toEqual({ path: standIn.command, firstArgs: [] });
  });

  test("is not another installed copy of ours, a folder or a file that cannot be run", async () => {
    const folder = await tempFolder();
    await mkdir(join(folder, "copy", "bin"), { recursive: true });
    await writeFile(join(folder, "copy", "package.json"), '{ "name": "ngwbackup" }');
    await writeScript(join(folder, "copy", "bin", "nextgisweb"), "#!/bin/sh\n");
    await mkdir(join(folder, "folder", "nextgisweb"), { recursive: true });
    await mkdir(join(folder, "plain"));
    await writeFile(join(folder, "plain", "nextgisweb"), "#!/bin/sh\n");
    const env = { PATH: ["copy/bin", "folder", "plain"].map((name) => join(folder, name)).join(":") };
    expect(await findApplicationCommand({ env, cwd: "/" })).toBeUndefined();
  });
});

describe("the Python of a command", () => {
  test.each([
    ["#!/opt/x/bin/python3.12\n", "x/bin/python3.12"],
    ["#! /opt/x/bin/python3 -E\nimport x", "x/bin/python3"],
    ["#!/usr/bin/env python3\n", "path/python3"],
    ["#!/usr/bin/env -S python3 -u\n", "path/python3"],
    ["#!/bin/sh\n'''exec' \"/opt/x y/bin/python\" \"$0\" \"$@\"\n' '''\n", "x y/bin/python"],
    ["#!/bin/sh\n'''exec' /opt/x/bin/python3 \"$0\" \"$@\"\n' '''\n", "x/bin/python3"],
    ["#!/bin/sh\nexec something\n", undefined],
    ["\u007fELF", undefined],
    ["#!/opt/x/bin/pythonista\n", undefined],
  ])("%j", async (text, expected) => {
    const folder = await tempFolder();
    for (const name of [
      "x/bin/python3.12",
      "x/bin/python3",
      "x y/bin/python",
      "path/python3",
      "bin/python3",
      "x/bin/pythonista",
    ]) {
      await mkdir(join(folder, name, ".."), { recursive: true });
      await writeScript(join(folder, name), "#!/bin/sh\n");
    }
    const path = join(folder, "bin", "nextgisweb");
    await writeScript(path, text.replaceAll("/opt/", `${folder}/`));
    const env = { PATH: join(folder, "path") };
    const found = await commandInterpreter({ path, firstArgs: [] }, { env, cwd: "/" });
    expect(found).toBe(expected === undefined ? undefined : join(folder, expected));
  });

  test("a script of any kind in a virtual environment", async () => {
    const path = join(standIn.folder, "bin", "wrapper");
    await writeScript(path, "#!/bin/sh\nexec ./nextgisweb\n");
    const found = await commandInterpreter({ path, firstArgs: [] }, { env: {}, cwd: "/" });
    expect(found).toBe(join(standIn.folder, "bin", "python3"));
  });
});

describe("migration folders", () => {
  const write = async (files: Record<string, string>): Promise<string> => {
    const folder = await tempFolder();
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return folder;
  };
  const header = (revision: string): string => `/*** { "revision": "${revision}", "parents": ["00000000"] } ***/`;

  test.each([
    [{ "1a000001.fw.sql": header("1a000002") }, "says revision 1a000002, its name 1a000001"],
    [{ "00000000.fw.sql": header("00000000") }, "has the revision 00000000"],
    [
      { "1a000001-x.fw.sql": header("1a000001"), "1a000001-y.fw.sql": header("1a000001") },
      "migration c:1a000001 stands in two files",
    ],
    [{ "1a000001.fw.sql": "SELECT 1" }, "1a000001.fw.sql does not begin with"],
  ])("damage number %#", async (files, message) => {
    const folder = await write(files);
    await expect(readCatalog([{ component: "c", folder }], { complete: true })).rejects.toThrow(message);
  });

  test("one that is not there", async () => {
    await expect(readCatalog([{ component: "c", folder: "/no/folder" }], { complete: true })).rejects.toThrow(
      "cannot read migration folder /no/folder: ENOENT",
    );
  });
});
