/** Turns values into places along an axis. */
export function scaleOf(from: number, to: number, start: number, end: number): (value: number) => number {
  const span = to - from || 1;
  return (value) => start + ((value - from) / span) * (end - start);
}

/**
 * Round values from 0 up to at least the largest.
 * @param base 1024 for bytes, 10 for counts, 60 for seconds
 */
export function ticksUpTo(largest: number, base: number, most = 4): number[] {
  if (!(largest > 0)) return [0];
  const unit = base ** Math.floor(Math.log(largest) / Math.log(base));
  const inUnits = largest / unit;
  const rough = inUnits / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power * unit;
  const ticks = [0];
  while (ticks.at(-1)! < largest) ticks.push(ticks.length * step);
  return ticks;
}

/** Some of the moments between two, evenly apart. */
export function momentsBetween(from: number, to: number, count: number): number[] {
  if (count < 2 || to <= from) return [from];
  return Array.from({ length: count }, (_, index) => from + ((to - from) * index) / (count - 1));
}
