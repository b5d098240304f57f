import { spawnSync } from "node:child_process";

/** Whether there is a Python to compare with; before 3.10 section names with `]` in them were read differently. */
export const hasPython = spawnSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 10))"]).status === 0;

/**
 * Runs a Python program once, in the C locale and UTC: JSON in on stdin, JSON out on stdout.
 * @param program defines `answer(case)`, called for every case
 */
export function askPython<Case, Answer>(program: string, cases: readonly Case[]): Answer[] {
  const script = `import json, sys
${program}
print(json.dumps([answer(case) for case in json.loads(sys.stdin.buffer.read().decode("utf-8"))]))
`;
  const result = spawnSync("python3", ["-c", script], {
    input: JSON.stringify(cases),
    env: { ...process.env, LC_ALL: "C", TZ: "UTC", PYTHONUTF8: "1" },
    maxBuffer: 1 << 30,
    encoding: "utf8",
  });
  if (result.status !== 0) throw new Error(`python3 failed: ${result.stderr}`);
  return JSON.parse(result.stdout) as Answer[];
}
