import { hardening } from "./hardening.ts";
import type { ServePlan } from "./unit-plan.ts";
import { argument, lines, quoted, specifiers } from "./unit-text.ts";

const marker = "# Printed by ngwbackup serve --print-unit";

/** The page as a service of systemd. It takes the socket of `serveSocket` where that is there. */
export function serveService(plan: ServePlan): string {
  const { user, program, environment, mounts, args } = plan;
  return lines(
    marker,
    "[Unit]",
    "Description=Page of backups of NextGIS Web",
    "Wants=network-online.target",
    "After=network-online.target postgresql.service",
    ...(mounts.length === 0 ? [] : [`RequiresMountsFor=${mounts.map(quoted).join(" ")}`]),
    "",
    "[Service]",
    "Type=exec",
    `User=${user}`,
    "UMask=0077",
    ...Object.entries(environment).map(([variable, value]) => `Environment=${quoted(`${variable}=${value}`)}`),
    `ExecStart=${[program, ...args].map(argument).join(" ")}`,
    "Restart=on-failure",
    "# A run that was started from the page goes on when the page ends.",
    "KillMode=process",
    "TimeoutStopSec=30",
    "LimitNOFILE=300000",
    "",
    // A private folder of temporary files would go with the page, and be missed by a run that goes on.
    ...hardening({ ...plan, needsSharedTmp: true }),
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  );
}

/** A socket that starts the service when the first one comes, and holds those who come while it is restarted. */
export function serveSocket({ listen }: ServePlan): string {
  return lines(
    marker,
    "[Unit]",
    "Description=Page of backups of NextGIS Web",
    "",
    "[Socket]",
    `ListenStream=${specifiers(listen)}`,
    "",
    "[Install]",
    "WantedBy=sockets.target",
  );
}
