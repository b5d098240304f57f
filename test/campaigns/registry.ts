import type { Campaign } from "./campaign.ts";

const loaders: Readonly<Record<string, () => Promise<Campaign>>> = {
  "kill-restore": async () => (await import("./kill-restore.ts")).killRestore as Campaign,
  "kill-backup": async () => (await import("./kill-backup.ts")).killBackup as Campaign,
  flip: async () => (await import("./flip.ts")).flip as Campaign,
  fuzz: async () => (await import("./fuzz.ts")).fuzz as Campaign,
  hostile: async () => (await import("./hostile.ts")).hostile as Campaign,
};

/** Names of all campaigns, as the command line takes them. */
export const campaignNames: readonly string[] = Object.keys(loaders);

/** Loads one of {@link campaignNames}. */
export function loadCampaign(name: string): Promise<Campaign> {
  return (loaders[name] as () => Promise<Campaign>)();
}
