import type { Words } from "./english.ts";
import { archive } from "./russian/archive.ts";
import { archives } from "./russian/archives.ts";
import { common } from "./russian/common.ts";
import { overview } from "./russian/overview.ts";
import { restore } from "./russian/restore.ts";
import { runs } from "./russian/runs.ts";
import { settings } from "./russian/settings.ts";
import { signIn } from "./russian/sign-in.ts";

/** All Russian words of the page; fetched when somebody reads Russian. */
export const russian: Words = { archive, archives, common, overview, restore, runs, settings, signIn };
