// A restore in place in a process of its own, so that a test can kill it: arguments are the settings as JSON and a dump folder.
import { openDumpFolder } from "../../fixtures/dump-folder.ts";
import type { ConnectionSettings } from "../../../src/postgres/settings.ts";
import { restoreInPlace } from "./helpers.ts";

const [settings = "{}", folder = ""] = process.argv.slice(2);
await restoreInPlace({ ...(JSON.parse(settings) as ConnectionSettings), env: {} }, await openDumpFolder(folder));
