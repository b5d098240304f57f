import { buildCommand } from "@stricli/core";
import { type ListenAddress, listenType } from "../config/serve-options.ts";
import { type CommonFlags, lazyCommand } from "./command.ts";
import { commonAliases, commonFlags } from "./common-flags.ts";
import { text } from "./flag-values.ts";

/** Flags of `serve`. */
export interface ServeFlags extends CommonFlags {
  readonly listen?: ListenAddress;
  readonly insecure: boolean;
  readonly setPassword: boolean;
  readonly role?: "viewer" | "operator";
  readonly passwordFile?: string;
  readonly removeUser: boolean;
  readonly users: boolean;
  readonly printUnit: boolean;
  readonly printSocket: boolean;
}

const switched = (brief: string) => ({ kind: "boolean", default: false, withNegated: false, brief }) as const;

/** `serve` in the command table. */
export const serveCommand = buildCommand({
  loader: lazyCommand<ServeFlags, [user?: string]>(() => import("./serve.ts")),
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        { parse: text, optional: true, placeholder: "user", brief: "With --set-password or --remove-user; else admin" },
      ],
    },
    flags: {
      ...commonFlags,
      listen: {
        kind: "parsed",
        parse: listenAddress,
        optional: true,
        placeholder: "host:port",
        brief: "Where to listen; serve.listen when left out, or 127.0.0.1:8487",
      },
      insecure: switched("Listen also where others can come from, without TLS"),
      setPassword: switched(
        "Set the password of a user, who is made if not there; it is asked for, or read from stdin",
      ),
      role: {
        kind: "enum",
        values: ["viewer", "operator"],
        optional: true,
        brief: "With --set-password: who looks, or who also does; operator for a new user",
      },
      passwordFile: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "file",
        brief: "With --set-password: file that holds the password; - is stdin",
      },
      removeUser: switched("Remove a user, with sessions and tokens"),
      users: switched("Print the users"),
      printUnit: switched("Print a service of systemd for the page"),
      printSocket: switched("Print a socket of systemd that starts it when somebody comes"),
    },
    aliases: commonAliases,
  },
  docs: {
    brief: "Show a page to look at backups, and to make and restore them",
    fullDescription: [
      "Serves the page until it is ended; runs that were started there go on. Set a password first.",
      "",
      "Examples:",
      "  ngwbackup serve --set-password",
      "  ngwbackup serve",
      "  ngwbackup serve --set-password anna --role viewer",
      "  ngwbackup serve --print-unit > /etc/systemd/system/ngwbackup-serve.service",
    ].join("\n"),
  },
});

function listenAddress(value: string): ListenAddress {
  const address = listenType.parse(value);
  if (address === undefined) throw new Error(`expected ${listenType.expected}`);
  return address;
}
