import { quoted } from "./unit-text.ts";

/** What a service needs beyond what every one has. */
export interface Needs {
  isRoot: boolean;
  /** Whether something it needs is in a folder of temporary files that others share. */
  needsSharedTmp: boolean;
  /** Absolute paths that it writes to; one that is not there is passed over. */
  writablePaths: readonly string[];
}

/**
 * Only what a run needs. JavaScript is compiled in memory, so that MemoryDenyWriteExecute cannot be; RemoveIPC would take the
 * shared memory of whatever else the user runs, a PostgreSQL for example; ProtectProc would hide other runs from us.
 */
export function hardening({ isRoot, needsSharedTmp, writablePaths }: Needs): string[] {
  // Only a private one is not read-only.
  const writable = [...writablePaths, ...(needsSharedTmp ? ["/tmp", "/var/tmp"] : [])];
  return [
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=read-only",
    ...(writable.length === 0 ? [] : [`ReadWritePaths=${writable.map((path) => quoted(`-${path}`)).join(" ")}`]),
    `PrivateTmp=${needsSharedTmp ? "no" : "yes"}`,
    "PrivateDevices=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallErrorNumber=EPERM",
    // Root reads and owns what is others', and lets a drill's server run as somebody else.
    `CapabilityBoundingSet=${isRoot ? "CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_SETGID CAP_SETUID CAP_KILL" : ""}`,
    "AmbientCapabilities=",
  ];
}
