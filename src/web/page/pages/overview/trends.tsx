import type { Overview } from "../../../api/overview.ts";
import { TrendChart, type TrendPoint } from "../../charts/trend-chart.tsx";
import { formats, words } from "../../text/language.ts";
import { Card } from "../../ui/card.tsx";

const dayMs = 24 * 60 * 60 * 1000;

/** Size, duration and room over the last months. */
export function Trends({ trend }: { trend: Overview["trend"] }) {
  const text = words.value.overview;
  const format = formats.value;
  const first = trend[0];
  const last = trend.at(-1);
  const spanMs = first === undefined || last === undefined ? 0 : Date.parse(last.at) - Date.parse(first.at);
  const days = text.days(Math.max(1, Math.round(spanMs / dayMs)));
  const pick = (value: (sample: Overview["trend"][number]) => number | null): TrendPoint[] =>
    trend.flatMap((sample) => {
      const found = value(sample);
      const note = sample.losses > 0 ? words.value.common.losses(sample.losses) : undefined;
      return found === null ? [] : [{ at: Date.parse(sample.at), value: found, note }];
    });
  const size = pick(({ sizeBytes }) => sizeBytes);
  const duration = pick(({ durationMs }) => durationMs / 1000);
  const room = pick(({ freeBytes }) => freeBytes);
  const bytes = (value: number): string => format.bytes(value);
  const seconds = (value: number): string => format.duration(value * 1000);
  return (
    <Card title={trend.length < 2 ? text.noTrendTitle : text.trendTitle(days)}>
      {trend.length < 2 ? (
        <p class="muted">{text.noTrend}</p>
      ) : (
        <div class="trends">
          {size.length > 1 && (
            <TrendChart title={text.sizeChart} points={size} format={bytes} base={1024} kind="line" />
          )}
          {duration.length > 1 && (
            <TrendChart title={text.durationChart} points={duration} format={seconds} base={60} kind="bars" />
          )}
          {room.length > 1 && (
            <TrendChart title={text.roomChart} points={room} format={bytes} base={1024} kind="line" />
          )}
        </div>
      )}
    </Card>
  );
}
