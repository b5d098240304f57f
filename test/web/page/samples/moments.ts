/** When the samples are as they are: browsers of tests are told that this is now. */
export const sampleNow = Date.parse("2026-11-26T09:30:00Z");

const hourMs = 60 * 60 * 1000;

/** RFC 3339 of so many hours before {@link sampleNow}; negative: after it. */
export function hoursAgo(hours: number): string {
  return new Date(sampleNow - hours * hourMs).toISOString();
}

/** RFC 3339 of so many days before, at the hour when timers run. */
export function daysAgo(days: number, hour = 3): string {
  const at = new Date(sampleNow);
  at.setUTCDate(at.getUTCDate() - days);
  at.setUTCHours(hour, 2, 11, 0);
  return at.toISOString();
}

/** The same number between 0 and 1 for the same seed: samples look alive and stay as they are. */
export function madeUp(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43758.5453;
  return value - Math.floor(value);
}
