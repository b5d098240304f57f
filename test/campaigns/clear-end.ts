import type { ProgramEnd } from "../fixtures/run-program.ts";
import { mustHold } from "./campaign.ts";

/**
 * Holds a run to have ended as the command line promises: by itself, with a documented exit code, and when it is no success,
 * with one error line, a next step, and no stack.
 * @param signalled whether it was sent SIGTERM, which may reach it before it listens
 */
export function mustEndClearly(end: ProgramEnd, exitCodes: readonly number[], signalled = false): void {
  const { exitCode, signal, stderr } = end;
  if (signalled && signal === "SIGTERM") return;
  mustHold(exitCode !== null, `the program ends by itself, found signal ${signal}`, stderr);
  mustHold(exitCodes.includes(exitCode), `the exit code is one of ${exitCodes.join(", ")}, found ${exitCode}`, stderr);
  mustHold(!/unexpected:|^ {4}at /m.test(stderr), "an expected failure prints no stack", stderr);
  const errors = stderr.split("\n").filter((line) => line.startsWith("error:"));
  if (exitCode === 0 || exitCode === 3) return mustHold(errors.length === 0, "a success tells no error", stderr);
  mustHold(errors.length === 1, `a failure tells one error, found ${errors.length}`, stderr);
  if (exitCode < 128) mustHold(/^hint: \S/m.test(stderr), "a failure tells a next step", stderr);
}
