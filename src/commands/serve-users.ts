import { resolve } from "node:path";
import { text as streamText } from "node:stream/consumers";
import { readPasswordFile } from "../config/password-file.ts";
import type { Settings } from "../config/settings.ts";
import { UsageError } from "../errors.ts";
import { askHidden } from "../terminal/ask-passphrase.ts";
import { canAsk } from "../terminal/confirm.ts";
import { printable } from "../terminal/printable.ts";
import { Accounts } from "../web/accounts/accounts.ts";
import type { CommandContext } from "./command.ts";
import type { ServeFlags } from "./serve.command.ts";

/**
 * `serve --set-password`: sets the password of a user.
 * @throws UsageError for a password that is too short or was typed differently, AppError when it cannot be kept
 */
export async function setPassword(
  command: CommandContext,
  settings: Settings,
  name: string,
  { role, passwordFile }: Pick<ServeFlags, "role" | "passwordFile">,
): Promise<void> {
  await withAccounts(command, settings, async (accounts) => {
    const password = await readPassword(command, name, passwordFile);
    const user = await accounts.users.setPassword(name, password, role, accounts.nowMs());
    note(accounts, "set-password", name);
    const tokens = accounts.tokens.list().filter(({ createdBy }) => createdBy === name).length;
    command.output.note(`${name} can sign in as ${user.role}; sessions until now have ended\n`);
    if (tokens > 0)
      command.output.note(`tokens that ${name} has made stay good until they are taken back: ${tokens}\n`);
    command.output.finish({ command: "serve", user: name, role: user.role, tokens });
  });
}

/**
 * `serve --remove-user`.
 * @throws UsageError when there is none of that name
 */
export async function removeUser(command: CommandContext, settings: Settings, name: string): Promise<void> {
  await withAccounts(command, settings, async (accounts) => {
    accounts.users.remove(name);
    note(accounts, "remove-user", name);
    command.output.note(`${name} is no user any more; sessions and tokens have ended\n`);
    command.output.finish({ command: "serve", removed: name });
  });
}

/** `serve --users`: a line a user. */
export async function printUsers(command: CommandContext, settings: Settings): Promise<void> {
  await withAccounts(command, settings, async ({ users }) => {
    const all = users.list();
    if (all.length === 0) command.output.note(`nobody yet: ${command.calledAs} serve --set-password\n`);
    command.output.finish(
      { command: "serve", users: all.map(({ name, role }) => ({ name, role })) },
      all.map(({ name, role }) => `${role.padEnd(8)}  ${printable(name)}\n`).join(""),
    );
  });
}

async function withAccounts(
  command: CommandContext,
  settings: Settings,
  action: (accounts: Accounts) => Promise<void>,
): Promise<void> {
  const accounts = await Accounts.open(settings.runs, command);
  try {
    await action(accounts);
  } finally {
    accounts.close();
  }
}

/** Whoever gives commands here may read and write everything anyway; the trail says that it was not the page. */
function note(accounts: Accounts, action: string, subject: string): void {
  accounts.audit.note({ atMs: accounts.nowMs(), who: "command line", address: "local", action, subject, runId: null });
}

async function readPassword(command: CommandContext, name: string, file: string | undefined): Promise<string> {
  if (file !== undefined && file !== "-") return await readPasswordFile(resolve(command.cwd, file), "--password-file");
  if (file === undefined && canAsk(command)) {
    const password = await askHidden(command, `New password of ${name}`);
    const again = await askHidden(command, "The same password again");
    if (password === again) return password;
    throw new UsageError("different-passwords", "the two passwords differ; nothing was changed");
  }
  return (await streamText(command.stdin)).replace(/\r?\n$/, "");
}
