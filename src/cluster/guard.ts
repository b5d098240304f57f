/*
 * A process of its own: it waits until the program that started the cluster is gone, however it went, and then stops
 * the server and removes the folder. Arguments: process id of the server, folder.
 */
import { rmSync } from "node:fs";
import { signalProcess, waitForEnd } from "./processes.ts";

const serverPid = Number(process.argv[2]);
const folder = process.argv[3];

process.on("disconnect", () => {
  void clear();
});
// A Ctrl-C or a service manager's stop reaches the whole group: the parent decides, not the signal.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => {});

async function clear(): Promise<void> {
  signalProcess(serverPid, "SIGINT");
  if (!(await waitForEnd(serverPid, 10_000))) {
    signalProcess(serverPid, "SIGQUIT");
    await waitForEnd(serverPid, 5_000);
  }
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
