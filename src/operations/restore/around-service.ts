import type { Context } from "../../context.ts";
import { AppError, ExitCode, RefusedError, messageOf } from "../../errors.ts";
import { ChildError, runChild } from "../../processes/child-process.ts";
import type { Reporter } from "../../progress.ts";

/** What is asked of {@link aroundService}. */
export interface AroundService {
  /** Name of the unit. */
  service: string;
  /** Whether a damaged archive is found out before anything is touched. */
  isVerified: boolean;
  context: Context;
  reporter: Reporter;
}

/**
 * Stops a service, does the work, and starts it again: after a success, and when the work was refused before anything was
 * touched and the service ran before. After any other failure it is left stopped, and that is said.
 * @throws RefusedError when it cannot be stopped; AppError when it cannot be started again; what the work throws
 */
export async function aroundService(options: AroundService, work: () => Promise<void>): Promise<void> {
  const { service, reporter } = options;
  const wasActive = await isActive(options);
  reporter.report({ type: "message", message: `stopping ${service}` });
  try {
    await systemctl("stop", options);
  } catch (error) {
    throw new RefusedError("service-stop", `${service} cannot be stopped: ${messageOf(error)}`, {
      cause: error,
      details: error instanceof AppError ? error.details : [],
      hints: [`systemctl status ${service}`],
    });
  }
  try {
    await work();
  } catch (error) {
    if (!hasTouchedNothing(error, options)) {
      reporter.report({
        type: "warning",
        code: "service-stopped",
        message: `${service} is left stopped; when all is in order: systemctl start ${service}`,
      });
      throw error;
    }
    if (wasActive) await startAgain(options, "nothing was changed");
    throw error;
  }
  await startAgain(options, "the restore is done");
}

async function startAgain(options: AroundService, what: string): Promise<void> {
  const { service, reporter } = options;
  reporter.report({ type: "message", message: `starting ${service}` });
  try {
    await systemctl("start", options);
  } catch (error) {
    throw new AppError("service-start", `${what}, but ${service} cannot be started: ${messageOf(error)}`, {
      cause: error,
      details: error instanceof AppError ? error.details : [],
      hints: [`systemctl status ${service}`],
    });
  }
}

async function isActive(options: AroundService): Promise<boolean> {
  try {
    await systemctl("is-active", options);
    return true;
  } catch (error) {
    // It says so by its status; whatever else is wrong, stopping it will tell.
    if (error instanceof ChildError) return false;
    throw error;
  }
}

async function systemctl(verb: string, { service, context }: AroundService): Promise<void> {
  await runChild("systemctl", [verb, "--", service], { env: context.env, signal: context.signal });
}

function hasTouchedNothing(error: unknown, { isVerified }: AroundService): boolean {
  if (!(error instanceof AppError)) return false;
  const codes: number[] = [ExitCode.usage, ExitCode.refused, ExitCode.busy, ...(isVerified ? [ExitCode.damaged] : [])];
  return codes.includes(error.exitCode) || error.code === "not-confirmed";
}
