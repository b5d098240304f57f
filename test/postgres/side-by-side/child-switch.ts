// A restore side by side in a process of its own, so that a test can kill it: arguments are the settings as JSON and a dump
// folder. Prints a line when the switch begins.
import type { ConnectionSettings } from "../../../src/postgres/settings.ts";
import { createSideBySideRestore } from "../../../src/postgres/side-by-side/side-by-side-restore.ts";
import { openDumpFolder } from "../../fixtures/dump-folder.ts";
import { besideOptions } from "./helpers.ts";

const [text = "{}", folder = ""] = process.argv.slice(2);
const settings: ConnectionSettings = { ...(JSON.parse(text) as ConnectionSettings), env: {} };
const restore = createSideBySideRestore(besideOptions(settings, await openDumpFolder(folder)));
await restore.prepare();
process.stdout.write("switching\n");
await restore.switchOver(() => Promise.resolve());
await restore.discard();
