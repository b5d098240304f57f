import { useSignal } from "@preact/signals";
import { useId, useRef } from "preact/hooks";
import { formats, words } from "../text/language.ts";
import { IconButton } from "../ui/button.tsx";
import { momentsBetween, scaleOf, ticksUpTo } from "./scale.ts";
import { useWidth } from "./use-width.ts";

/** A value at a moment, milliseconds since 1970. */
export interface TrendPoint {
  at: number;
  value: number;
  /** Drawn as a warning, and said with it. */
  note?: string | undefined;
}

interface TrendProps {
  title: string;
  /** Oldest first, at least two. */
  points: readonly TrendPoint[];
  format: (value: number) => string;
  /** What round values are round in. */
  base: 1024 | 60;
  kind: "line" | "bars";
}

const height = 168;
const margin = { top: 12, right: 10, bottom: 24, left: 62 };

/** A value over time, as a chart or as a table of the same. */
export function TrendChart(props: TrendProps) {
  const { title, points } = props;
  const text = words.value.common;
  const isTable = useSignal(false);
  return (
    <figure class="trend">
      <figcaption class="trend-head">
        <h3>{title}</h3>
        <span class="number trend-last">{props.format(points.at(-1)!.value)}</span>
        <IconButton
          name={`${title}: ${isTable.value ? text.showChart : text.showTable}`}
          icon={isTable.value ? "chart" : "table"}
          onClick={() => {
            isTable.value = !isTable.value;
          }}
        />
      </figcaption>
      {isTable.value ? <TrendTable {...props} /> : <TrendDrawing {...props} />}
    </figure>
  );
}

function TrendTable({ title, points, format }: TrendProps) {
  const text = words.value.common;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, and has to by keyboard too
    <div class="trend-table" tabIndex={0} role="region" aria-label={title}>
      <table>
        <thead>
          <tr>
            <th scope="col">{text.date}</th>
            <th scope="col" class="number">
              {text.value}
            </th>
          </tr>
        </thead>
        <tbody>
          {points.toReversed().map((point) => (
            <tr key={point.at}>
              <td>{formats.value.dateTime(point.at)}</td>
              <td class="number">
                {format(point.value)}
                {point.note !== undefined && ` (${point.note})`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TrendDrawing({ title, points, format, base, kind }: TrendProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box).value;
  const chosen = useSignal<number | undefined>(undefined);
  const id = useId();
  const { day, date } = { day: (at: number) => formats.value.day(at), date: (at: number) => formats.value.date(at) };
  const [first, last] = [points[0]!, points.at(-1)!];
  const ticks = ticksUpTo(Math.max(...points.map(({ value }) => value)), base);
  const pad = kind === "bars" ? Math.min(14, (width - margin.left - margin.right) / points.length / 2) : 4;
  const x = scaleOf(first.at, last.at, margin.left + pad, width - margin.right - pad);
  const y = scaleOf(0, ticks.at(-1)!, height - margin.bottom, margin.top);
  const about = words.value.overview.trendOf(date(first.at), date(last.at), format(last.value));
  const choose = (event: PointerEvent): void => {
    const at = event.clientX - (box.current?.getBoundingClientRect().left ?? 0);
    let nearest = 0;
    for (const [index, point] of points.entries()) {
      if (Math.abs(x(point.at) - at) < Math.abs(x(points[nearest]!.at) - at)) nearest = index;
    }
    chosen.value = nearest;
  };
  const point = chosen.value === undefined ? undefined : points[chosen.value];
  const labels = momentsBetween(first.at, last.at, Math.max(2, Math.min(5, Math.floor(width / 110))));
  return (
    <div
      class="trend-drawing"
      ref={box}
      onPointerMove={choose}
      onPointerDown={choose}
      onPointerLeave={() => {
        chosen.value = undefined;
      }}
    >
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-labelledby={`${id}-title ${id}-about`}>
          <title id={`${id}-title`}>{title}</title>
          <desc id={`${id}-about`}>{about}</desc>
          {ticks.map((tick) => (
            <g key={tick}>
              <line class="grid" x1={margin.left} x2={width - margin.right} y1={y(tick)} y2={y(tick)} />
              <text class="tick" x={margin.left - 8} y={y(tick) + 4} text-anchor="end">
                {tick === 0 ? "0" : format(tick)}
              </text>
            </g>
          ))}
          {labels.map((at, index) => (
            <text
              key={at}
              class="tick"
              x={x(at)}
              y={height - 6}
              text-anchor={index === 0 ? "start" : index === labels.length - 1 ? "end" : "middle"}
            >
              {day(at)}
            </text>
          ))}
          {kind === "line" ? <Line points={points} x={x} y={y} /> : <Bars points={points} x={x} y={y} pad={pad} />}
          {point !== undefined && (
            <g>
              <line class="cursor" x1={x(point.at)} x2={x(point.at)} y1={margin.top} y2={height - margin.bottom} />
              <circle class="cursor-dot" cx={x(point.at)} cy={y(point.value)} r={4.5} />
            </g>
          )}
        </svg>
      )}
      {point !== undefined && (
        <div
          class="tooltip"
          style={{ left: `${Math.min(Math.max(x(point.at), 80), width - 80)}px` }}
          aria-hidden="true"
        >
          <strong class="number">{format(point.value)}</strong>
          <span>{formats.value.dateTime(point.at)}</span>
          {point.note !== undefined && <span>{point.note}</span>}
        </div>
      )}
    </div>
  );
}

interface Drawn {
  points: readonly TrendPoint[];
  x: (at: number) => number;
  y: (value: number) => number;
}

function Line({ points, x, y }: Drawn) {
  const path = points.map(({ at, value }) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join("L");
  const last = points.at(-1)!;
  const floor = y(0).toFixed(1);
  return (
    <g>
      <path class="area" d={`M${x(points[0]!.at).toFixed(1)},${floor}L${path}L${x(last.at).toFixed(1)},${floor}Z`} />
      <path class="line" d={`M${path}`} />
      {points
        .filter(({ note }) => note !== undefined)
        .map(({ at, value }) => (
          <circle key={at} class="noted" cx={x(at)} cy={y(value)} r={3.5} />
        ))}
      <circle class="dot" cx={x(last.at)} cy={y(last.value)} r={3.5} />
    </g>
  );
}

function Bars({ points, x, y, pad }: Drawn & { pad: number }) {
  const gaps = points.slice(1).map(({ at }, index) => x(at) - x(points[index]!.at));
  // Two that were close together do not make all others thin.
  const usualGap = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 2 * pad;
  const thick = Math.max(2, Math.min(2 * pad, usualGap * 0.7, 18));
  return (
    <g>
      {points.map(({ at, value, note }) => (
        <rect
          key={at}
          class={note === undefined ? "bar" : "bar noted"}
          x={x(at) - thick / 2}
          y={y(value)}
          width={thick}
          height={Math.max(1, y(0) - y(value))}
          rx={Math.min(2, thick / 2)}
        />
      ))}
    </g>
  );
}
