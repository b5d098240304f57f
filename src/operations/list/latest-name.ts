/** Stands for the newest archive of `backup.path` where an archive is named. */
export const latestName = "latest";
