/** Stands for the newest archive of the configured place where an archive is named. */
export const latestName = "latest";
