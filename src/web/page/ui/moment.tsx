import { present } from "../data/clock.ts";
import { formats } from "../text/language.ts";

/**
 * A moment in the viewer's own time; its title has it in UTC.
 * @param show `age`: how long ago or in how long; `date`: day and time; `both`
 */
export function Moment({ at, show = "date" }: { at: string; show?: "age" | "date" | "both" }) {
  const format = formats.value;
  const ms = Date.parse(at);
  const date = format.dateTime(ms);
  const title = show === "age" ? `${date} · ${format.utc(ms)}` : format.utc(ms);
  return (
    <time dateTime={at} title={title}>
      {show === "date" ? date : format.relative(ms, present())}
      {show === "both" && <span class="muted"> · {date}</span>}
    </time>
  );
}
