import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ngwbackup-lint-"));
  for (const name of [".oxlintrc.json", "tsconfig.json"]) copyFileSync(join(root, name), join(folder, name));
  // The type-aware part of the linter and the types of Node are looked for there.
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const planted: [what: string, rule: string, files: Record<string, string>][] = [
  [
    "a sibling imports a sibling",
    "no-restricted-imports",
    {
      "src/archive/a.ts": 'import { b } from "../postgres/b.ts";\n\nexport const a = b;\n',
      "src/postgres/b.ts": "export const b = 1;\n",
    },
  ],
  [
    "encryption imports a store",
    "no-restricted-imports",
    {
      "src/encryption/a.ts": 'import { b } from "../stores/b.ts";\n\nexport const a = b;\n',
      "src/stores/b.ts": "export const b = 1;\n",
    },
  ],
  [
    "the history imports a sibling",
    "no-restricted-imports",
    {
      "src/history/a.ts": 'import { b } from "../stores/b.ts";\n\nexport const a = b;\n',
      "src/stores/b.ts": "export const b = 1;\n",
    },
  ],
  [
    "retention imports a sibling",
    "no-restricted-imports",
    {
      "src/retention/a.ts": 'import { b } from "../stores/b.ts";\n\nexport const a = b;\n',
      "src/stores/b.ts": "export const b = 1;\n",
    },
  ],
  [
    "notifications import a sibling",
    "no-restricted-imports",
    {
      "src/notifications/a.ts": 'import { b } from "../history/b.ts";\n\nexport const a = b;\n',
      "src/history/b.ts": "export const b = 1;\n",
    },
  ],
  [
    "an operation imports a command",
    "no-restricted-imports",
    {
      "src/operations/deep/a.ts": 'import { b } from "../../commands/b.ts";\n\nexport const a = b;\n',
      "src/commands/b.ts": "export const b = 1;\n",
    },
  ],
  [
    "the web imports a command",
    "no-restricted-imports",
    {
      "src/web/routes/a.ts": 'import { b } from "../../commands/b.ts";\n\nexport const a = b;\n',
      "src/commands/b.ts": "export const b = 1;\n",
    },
  ],
  [
    "a command looks into the web",
    "no-restricted-imports",
    {
      "src/commands/a.ts": 'import { b } from "../web/routes/b.ts";\n\nexport const a = b;\n',
      "src/web/routes/b.ts": "export const b = 1;\n",
    },
  ],
  [
    "files of the state folder know what is kept in them",
    "no-restricted-imports",
    {
      "src/state/a.ts": 'import { b } from "../history/b.ts";\n\nexport const a = b;\n',
      "src/history/b.ts": "export const b = 1;\n",
    },
  ],
  [
    "an operation imports the web",
    "no-restricted-imports",
    {
      "src/operations/a.ts": 'import { b } from "../web/b.ts";\n\nexport const a = b;\n',
      "src/web/b.ts": "export const b = 1;\n",
    },
  ],
  [
    "the page imports a schema, and not its type",
    "no-restricted-imports",
    {
      "src/web/page/data/a.ts": 'import { b } from "../../api/b.ts";\n\nexport const a = b;\n',
      "src/web/api/b.ts": "export const b = 1;\n",
    },
  ],
  [
    "the page imports a module",
    "no-restricted-imports",
    {
      "src/web/page/a.tsx": 'import { b } from "../../config/b.ts";\n\nexport const a = b;\n',
      "src/config/b.ts": "export const b = 1;\n",
    },
  ],
  [
    "the page imports Node",
    "no-restricted-imports",
    { "src/web/page/a.tsx": 'import { join } from "node:path";\n\nexport const a = join("a", "b");\n' },
  ],
  ["a module reads process", "no-restricted-globals", { "src/files/a.ts": "export const a = process.pid;\n" }],
  [
    "a module imports node:process",
    "no-restricted-imports",
    { "src/files/a.ts": 'import { pid } from "node:process";\n\nexport const a = pid;\n' },
  ],
  [
    "two modules import each other",
    "no-cycle",
    {
      "src/files/a.ts": 'import { b } from "./b.ts";\n\nexport const a = (): number => b();\n',
      "src/files/b.ts": 'import { a } from "./a.ts";\n\nexport const b = (): number => a();\n',
    },
  ],
  [
    "a promise floats",
    "no-floating-promises",
    { "src/files/a.ts": "export function a(): void {\n  Promise.resolve(1);\n}\n" },
  ],
  ["any is written", "no-explicit-any", { "src/files/a.ts": "export const a: any = 1;\n" }],
];

test.for(planted)("the linter objects when %s", ([, rule, files]) => {
  const { status, output } = lint(files);
  expect(output).toContain(rule);
  expect(status).toBe(1);
});

test("the linter accepts what keeps to the layers", () => {
  const { status, output } = lint({
    "src/operations/a.ts": 'import { b } from "../postgres/b.ts";\n\nexport const a = b;\n',
    "src/postgres/b.ts": "export const b = 1;\n",
    "src/commands/serve.ts": 'import { b } from "../web/serving/run-server.ts";\n\nexport const a = b;\n',
    "src/web/serving/run-server.ts": 'import { a } from "../../operations/a.ts";\n\nexport const b = a;\n',
    "src/history/a.ts": 'import { b } from "../state/b.ts";\n\nexport const a = b;\n',
    "src/state/b.ts": "export const b = 1;\n",
    "src/cli.ts": "process.exitCode = 0;\n",
    "src/web/api/d.ts": "export interface D {\n  e: string;\n}\n",
    "src/web/page/data/d.ts":
      'import type { D } from "../../api/d.ts";\n\nexport const d: D = { e: navigator.language };\n',
  });
  expect(output).toContain("Found 0 warnings and 0 errors");
  expect(status).toBe(0);
});

function lint(files: Record<string, string>): { status: number | null; output: string } {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const program = join(root, "node_modules/oxlint/bin/oxlint");
  const result = spawnSync(process.execPath, [program, "--type-aware", "src"], {
    cwd: folder,
    encoding: "utf8",
    timeout: 30_000,
  });
  return { status: result.status, output: result.stdout + result.stderr };
}
