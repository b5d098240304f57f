import { expect, test } from "vitest";
import { parseOptions, parseProgressOptions } from "../../bench/options.ts";

test("everything at full size, three rounds, when nothing is said", () => {
  expect(parseOptions([])).toMatchObject({
    quick: false,
    contestants: undefined,
    jobs: ["backup", "restore", "verify"],
    rounds: 3,
  });
});

test("workloads, contestants, jobs and cores are chosen by name", () => {
  const args = ["--only", "one,layers", "--contestants", "ngwbackup in place", "--jobs-of", "restore", "--cores", "0"];
  const options = parseOptions([...args, "--cores", "0,2-4", "--rounds", "5"]);
  expect(options).toMatchObject({
    contestants: ["ngwbackup in place"],
    jobs: ["restore"],
    rounds: 5,
    coreSets: [
      { list: "0", count: 1 },
      { list: "0,2-4", count: 4 },
    ],
  });
  expect(options.workloads.map(({ name }) => name)).toEqual(["layers", "one"]);
});

test("progress is looked at on the reference, or on what is named", () => {
  const named = (args: readonly string[]): string[] => parseProgressOptions(args).workloads.map(({ name }) => name);
  expect(named(["--quick"])).toEqual(["reference"]);
  expect(named(["--only", "layers,one"])).toEqual(["layers", "one"]);
  expect(parseProgressOptions(["--quick"])).toMatchObject({ quick: true, rounds: 1 });
  expect(() => parseProgressOptions(["--jobs-of", "backup"])).toThrow("Unknown option '--jobs-of'");
});

test.each([
  [["--only", "nothing"], "there is no workload nothing"],
  [["--contestants", "tar"], "there is no contestant tar"],
  [["--jobs-of", "prune"], "there is no job prune"],
  [["--rounds", "0"], "--rounds takes a number from 1"],
  [["--cores", "all"], "all is no list of cores"],
  [["--fast"], "Unknown option '--fast'"],
])("%j is refused", (args, message) => {
  expect(() => parseOptions(args)).toThrow(message);
});
