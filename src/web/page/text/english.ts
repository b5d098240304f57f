import { archive } from "./english/archive.ts";
import { archives } from "./english/archives.ts";
import { common } from "./english/common.ts";
import { overview } from "./english/overview.ts";
import { restore } from "./english/restore.ts";
import { runs } from "./english/runs.ts";
import { settings } from "./english/settings.ts";
import { signIn } from "./english/sign-in.ts";

/** All English words of the page, and by its type what every language has to say. */
export const english = { archive, archives, common, overview, restore, runs, settings, signIn };

/** Words in a language. */
export type Words = typeof english;
