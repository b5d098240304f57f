const units = ["B", "KiB", "MiB", "GiB"] as const;

/** A size for people: `12.3 GiB`, `4.0 KiB`, whole bytes below 1 KiB. */
export function formatBytes(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = 0;
  // 1023.95 KiB would be printed as 1024.0 KiB.
  while (unit < units.length - 1 && Math.abs(value) >= (unit === 0 ? 1024 : 1023.95)) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${Math.round(value)} B` : `${value.toFixed(1)} ${units[unit]}`;
}

/** A span of time for people: `0.4 s`, `59 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 9_950) return `${(durationMs / 1000).toFixed(1)} s`;
  const totalS = Math.round(durationMs / 1000);
  if (totalS < 60) return `${totalS} s`;
  const [days, hours, minutes, seconds] = [
    Math.floor(totalS / 86_400),
    Math.floor((totalS % 86_400) / 3_600),
    Math.floor((totalS % 3_600) / 60),
    totalS % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${String(minutes).padStart(2, "0")} min`;
  return `${minutes} min ${String(seconds).padStart(2, "0")} s`;
}

/** A moment for people, in UTC: `2020-07-21 23:46:19 UTC`. In JSON a moment is `toISOString()`. */
export function formatTime(moment: Date): string {
  return `${moment.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** A whole number for people, digits in groups of three: `3,000,000`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}
