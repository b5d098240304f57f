import type { Contestant } from "./contestant.ts";
import { missingPrograms, scriptProgram } from "./instance-steps.ts";

/** What NextGIS Web does, step by step. */
export const nextgiswebSteps: Contestant = {
  name: "nextgisweb-steps",
  about: "pg_dump -Fd -Z0, a copy of each file, a stored ZIP of it all; back: unpack, drop, pg_restore, copy",
  missing: () => missingPrograms("python3"),
  backup: async (place) => ({
    programs: [scriptProgram(place, "backup", [place.instance.fileStoragePath, place.folder])],
  }),
  restore: async (place) => ({
    programs: [scriptProgram(place, "restore", [place.instance.fileStoragePath, place.folder])],
  }),
};
