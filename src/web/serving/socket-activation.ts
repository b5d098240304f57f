import type { Context } from "../../context.ts";
import { UsageError } from "../../errors.ts";

/** The first that systemd hands over (sd_listen_fds(3)). */
const firstFd = 3;

/**
 * The listening socket that systemd has opened for us.
 * @returns its file descriptor; undefined when there is none
 * @throws UsageError when there are several
 */
export function activatedSocket({ env, pid }: Context): number | undefined {
  const { LISTEN_PID: forPid, LISTEN_FDS: count } = env;
  // It is inherited by programs that it is not meant for.
  if (forPid !== String(pid) || count === undefined || count === "0") return undefined;
  if (count === "1") return firstFd;
  throw new UsageError("sockets", `expected one socket from systemd, found ${count}`, {
    hints: ["leave one ListenStream in the socket unit"],
  });
}
