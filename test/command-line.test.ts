import { expect, test } from "vitest";
import { hasFlag, splitCommandLine } from "../src/command-line.ts";

test.for<[given: string, command: string | undefined, args: string]>([
  ["", undefined, ""],
  ["--version", undefined, "--version"],
  ["backup -", "backup", "backup -"],
  ["--config a.ini --json backup x --strict", "backup", "backup --config a.ini --json x --strict"],
  ["--config=a.ini migrations status x", "migrations", "migrations status --config=a.ini x"],
  ["-q migrations --help", "migrations", "migrations -q --help"],
  ["--config backup server", "server", "server --config backup"],
  ["--config", undefined, "--config"],
  ["--unknown backup", undefined, "--unknown backup"],
])("%s", ([given, command, args]) => {
  const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");
  expect(splitCommandLine(words(given), ["migrations"])).toEqual({ command, args: words(args) });
});

test("a flag after -- is an argument", () => {
  expect(hasFlag(["verify", "--json"], "--json")).toBe(true);
  expect(hasFlag(["verify", "--", "--json"], "--json")).toBe(false);
});
