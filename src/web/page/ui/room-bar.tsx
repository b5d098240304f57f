import { formats } from "../text/language.ts";

/** How full a disk is. */
export function RoomBar({ name, freeBytes, totalBytes }: { name: string; freeBytes: number; totalBytes: number }) {
  const used = totalBytes === 0 ? 0 : 1 - freeBytes / totalBytes;
  const tone = used > 0.95 ? "bad" : used > 0.85 ? "warn" : "plain";
  return (
    <meter
      class={`room-bar ${tone}`}
      min={0}
      max={1}
      value={used}
      aria-label={name}
      aria-valuetext={formats.value.percent(used)}
    />
  );
}
