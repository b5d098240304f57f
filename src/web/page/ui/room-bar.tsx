import { formats } from "../text/language.ts";

/** How full a disk is. */
export function RoomBar({ name, freeBytes, totalBytes }: { name: string; freeBytes: number; totalBytes: number }) {
  const used = totalBytes === 0 ? 0 : 1 - freeBytes / totalBytes;
  const percent = Math.round(used * 100);
  const tone = used > 0.95 ? "bad" : used > 0.85 ? "warn" : "plain";
  return (
    <div
      class={`room-bar ${tone}`}
      role="meter"
      aria-label={name}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={formats.value.percent(used)}
    >
      <span style={{ width: `${percent}%` }} />
    </div>
  );
}
