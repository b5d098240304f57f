import { availableParallelism, cpus, release, totalmem } from "node:os";
import { toolVersion } from "../src/version.ts";
import type { ServerBinaries } from "../src/cluster/server-binaries.ts";

/** What figures depend on: machine and releases. */
export function describeMachine(server: ServerBinaries): Record<string, string | number> {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    linux: release(),
    node: process.version,
    postgresql: server.version,
    ngwbackup: toolVersion,
  };
}
