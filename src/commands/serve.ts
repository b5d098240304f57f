import { loadSettings } from "../config/settings.ts";
import { AppError, UsageError } from "../errors.ts";
import { coloursFor } from "../terminal/colours.ts";
import { errorRecord, formatError } from "../terminal/error-text.ts";
import { runServer } from "../web/serving/run-server.ts";
import type { CommandContext } from "./command.ts";
import type { ServeFlags } from "./serve.command.ts";

/** The user of an installation that has one. */
const usualUser = "admin";

/** `serve`: the page, its users, and its units for systemd. */
export default async function serve(this: CommandContext, flags: ServeFlags, user?: string): Promise<void> {
  refuseMixture(flags, user);
  const settings = await loadSettings({ env: this.env, cwd: this.cwd, configPaths: flags.config });
  if (flags.printUnit || flags.printSocket) {
    const { printServeUnit } = await import("./serve-unit.ts");
    return await printServeUnit(this, settings, flags.printSocket);
  }
  if (flags.setPassword || flags.removeUser || flags.users) {
    const users = await import("./serve-users.ts");
    if (flags.users) return await users.printUsers(this, settings);
    if (flags.removeUser) return await users.removeUser(this, settings, user ?? usualUser);
    return await users.setPassword(this, settings, user ?? usualUser, flags);
  }
  let address = "";
  await runServer(settings, this, {
    configPaths: flags.config,
    listen: flags.listen,
    isInsecure: flags.insecure,
    onReady: (found, hasUsers) => {
      address = found;
      this.output.report({ type: "message", message: `page at ${found}` });
      if (!hasUsers)
        this.output.report({
          type: "warning",
          code: "no-users",
          message: "nobody can sign in yet: no password is set",
          details: [`set one: ${this.calledAs} serve --set-password`],
        });
    },
    onProblem: (error) => tellProblem(this, error),
  });
  this.output.finish({ command: "serve", address });
}

/** What people can do nothing about has its stack told, as an end by it would. */
function tellProblem({ output, stderr, env }: CommandContext, error: unknown): void {
  const { code, message, details } = errorRecord(error) as { code: string; message: string; details?: string[] };
  if (output.json || error instanceof AppError)
    output.report({ type: "warning", code, message, ...(details === undefined ? {} : { details }) });
  else stderr.write(formatError(error, { colours: coloursFor(stderr, env), verbose: false }));
}

function refuseMixture(flags: ServeFlags, user: string | undefined): void {
  const { setPassword, removeUser, users, printUnit, printSocket } = flags;
  const chosen = [setPassword, removeUser, users, printUnit, printSocket].filter((isGiven) => isGiven).length;
  if (chosen > 1)
    throw new UsageError(
      "one-thing",
      "--set-password, --remove-user, --users, --print-unit and --print-socket exclude each other",
    );
  if (!setPassword && (flags.role !== undefined || flags.passwordFile !== undefined))
    throw new UsageError("no-set-password", "--role and --password-file belong to --set-password");
  if (user !== undefined && !setPassword && !removeUser)
    throw new UsageError("no-user-here", `nothing is to be done with user ${user}`, {
      hints: [`ngwbackup serve --set-password ${user}`],
    });
}
