import type { Campaign } from "./campaign.ts";

const loaders: Readonly<Record<string, () => Promise<Campaign>>> = {
  "kill-restore": async () => (await import("./kill-restore.ts")).killRestore,
  "kill-backup": async () => (await import("./kill-backup.ts")).killBackup,
  "disk-full": async () => (await import("./disk-full.ts")).diskFull,
  io: async () => (await import("./io.ts")).io,
  many: async () => (await import("./many.ts")).many,
  server: async () => (await import("./server.ts")).server,
  writers: async () => (await import("./writers.ts")).writers,
  standby: async () => (await import("./standby.ts")).standby,
  increments: async () => (await import("./increments.ts")).increments,
  flip: async () => (await import("./flip.ts")).flip,
  fuzz: async () => (await import("./fuzz.ts")).fuzz,
  hostile: async () => (await import("./hostile.ts")).hostile,
};

/** Names of all campaigns, as the command line takes them. */
export const campaignNames: readonly string[] = Object.keys(loaders);

/** Loads one of {@link campaignNames}. */
export function loadCampaign(name: string): Promise<Campaign> {
  return (loaders[name] as () => Promise<Campaign>)();
}
