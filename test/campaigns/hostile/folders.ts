import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { hash } from "node:crypto";
import { dirname, join } from "node:path";
import { mustSucceed } from "../../fixtures/python.ts";
import { type Parts, manifestText } from "./forge.ts";
import type { HostileCase } from "./hostile-case.ts";

/** Writes the parts as a folder whose digests fit. */
async function writeFolder(parts: Parts, path: string): Promise<void> {
  const manifest = Buffer.from(manifestText(parts));
  const digest = Buffer.from(`${hash("sha256", manifest)}  manifest.jsonl\n`);
  for (const [name, content] of [
    ...parts.entries,
    ["manifest.jsonl", manifest],
    ["manifest.sha256", digest],
  ] as const) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content);
  }
}

const folder = (
  name: string,
  change: (path: string) => Promise<unknown>,
  more: Partial<HostileCase> = {},
): HostileCase => ({
  name: `folder with ${name}`,
  ...more,
  async build(parts, path) {
    await writeFolder(parts, path);
    await change(path);
    return undefined;
  },
});
const replaced = async (path: string, make: (path: string) => Promise<unknown>): Promise<void> => {
  await rm(path, { recursive: true });
  await make(path);
};
const write = (path: string, name: string | Buffer, content = "evil"): Promise<void> =>
  writeFile(Buffer.concat([Buffer.from(`${path}/`), Buffer.from(name)]), content);

/** Folders in the place of archives. */
export const folderCases: readonly HostileCase[] = [
  folder("nothing wrong", async () => {}, { exitCodes: [0] }),
  folder("a link to a file", (path) => symlink("/etc/passwd", join(path, "postgres/evil")), {
    says: /a symbolic link/,
  }),
  folder("a link to a folder", (path) => symlink("/", join(path, "component/evil")), { says: /a symbolic link/ }),
  folder("a link to itself", (path) => symlink(".", join(path, "component/evil")), { says: /a symbolic link/ }),
  folder(
    "a blob that is a link",
    (path) => replaced(join(path, "component/core/00000001"), (at) => symlink("/etc/passwd", at)),
    {
      says: /a symbolic link/,
    },
  ),
  folder(
    "a TOC that is a pipe",
    (path) => replaced(join(path, "postgres/toc.dat"), (at) => mustSucceed("mkfifo", [at])),
    {
      says: /something else/,
    },
  ),
  folder("a TOC that is a folder", (path) => replaced(join(path, "postgres/toc.dat"), (at) => mkdir(at))),
  folder("a manifest that is a folder", (path) => replaced(join(path, "manifest.jsonl"), (at) => mkdir(at))),
  folder("a digest that is a folder", (path) => replaced(join(path, "manifest.sha256"), (at) => mkdir(at))),
  folder("a digest of 100 MB", (path) =>
    replaced(join(path, "manifest.sha256"), (at) => writeFile(at, Buffer.alloc(1e8, "a"))),
  ),
  folder("no digest", (path) => rm(join(path, "manifest.sha256"))),
  folder("no manifest", (path) => rm(join(path, "manifest.jsonl"))),
  folder("a file more", (path) => write(path, "component/evil"), { says: /not in the manifest/ }),
  folder("names of another case", (path) => write(path, "POSTGRES"), { says: /duplicate entry/ }),
  folder(
    "a name in two Unicode forms",
    async (path) => {
      await write(path, "caf\u00e9");
      await write(path, "cafe\u0301");
    },
    { says: /duplicate entry/ },
  ),
  folder("a backslash in a name", (path) => write(path, "..\\..\\evil"), { says: /a backslash/ }),
  folder("a line end in a name", (path) => write(path, "ok\nok"), { says: /a control character/ }),
  folder("an escape sequence in a name", (path) => write(path, "\u001b[2J"), { says: /a control character/ }),
  folder("a name from right to left", (path) => write(path, "a\u202egpj"), { says: /turns the direction/ }),
  folder("a name that is no UTF-8", (path) => write(path, Buffer.from([0x61, 0xff])), { says: /no UTF-8/ }),
  folder("folders 40 deep", (path) => mkdir(join(path, "a/".repeat(40)), { recursive: true }), {
    says: /at most 32 folders/,
  }),
];
