const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const byteUnits: Readonly<Record<string, readonly string[]>> = {
  en: ["B", "KiB", "MiB", "GiB", "TiB", "PiB"],
  ru: ["Б", "КиБ", "МиБ", "ГиБ", "ТиБ", "ПиБ"],
};

const justNow: Readonly<Record<string, string>> = { en: "just now", ru: "только что" };

type DurationUnit = "day" | "hour" | "minute" | "second";

/** Numbers, sizes and times in a language. Times are shown in the viewer's own zone. */
export class Formats {
  readonly #locale: string;
  readonly #count: Intl.NumberFormat;
  readonly #one: Intl.NumberFormat;
  readonly #percent: Intl.NumberFormat;
  readonly #relative: Intl.RelativeTimeFormat;
  readonly #dates = new Map<string, Intl.DateTimeFormat>();
  readonly #units = new Map<DurationUnit, Intl.NumberFormat>();

  /** @param locale `en` or `ru` */
  constructor(locale: string) {
    this.#locale = locale;
    this.#count = new Intl.NumberFormat(locale);
    this.#one = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    this.#percent = new Intl.NumberFormat(locale, { style: "percent" });
    this.#relative = new Intl.RelativeTimeFormat(locale, { numeric: "always" });
  }

  /** `12,345` */
  count(value: number): string {
    return this.#count.format(value);
  }

  /** `1.2 GiB`; whole bytes below a KiB. */
  bytes(value: number): string {
    const units = byteUnits[this.#locale] ?? byteUnits["en"]!;
    let size = Math.abs(value);
    let step = 0;
    while (size >= 1024 && step < units.length - 1) {
      size /= 1024;
      step += 1;
    }
    const number = step === 0 ? this.#count.format(Math.round(size)) : this.#one.format(size);
    return `${value < 0 ? "−" : ""}${number} ${units[step]}`;
  }

  /** `12.3 MiB/s` */
  rate(bytesPerSecond: number): string {
    return `${this.bytes(bytesPerSecond)}/${this.#locale === "ru" ? "с" : "s"}`;
  }

  /** `42%` of 0 to 1 */
  percent(share: number): string {
    return this.#percent.format(Math.floor(share * 100) / 100);
  }

  /** `3 min 12 sec`: the two largest units that say something. */
  duration(ms: number): string {
    if (ms < 10 * secondMs) return this.#unit("second", Math.max(0.1, Math.round(ms / 100) / 10));
    const total = Math.round(ms / secondMs) * secondMs;
    if (total < minuteMs) return this.#unit("second", total / secondMs);
    if (total < hourMs) return this.#pair("minute", total / minuteMs, "second", 60);
    if (total < 2 * dayMs) return this.#pair("hour", total / hourMs, "minute", 60);
    return this.#pair("day", total / dayMs, "hour", 24);
  }

  /** `3 hours ago`, `in 2 days`; below a minute `just now`, which does not tick and bears a clock that goes a little wrong. */
  relative(at: number, now: number): string {
    const ms = at - now;
    const size = Math.abs(ms);
    if (ms > -minuteMs && ms < minuteMs / 2) return justNow[this.#locale] ?? justNow["en"]!;
    const [value, unit]: [number, Intl.RelativeTimeFormatUnit] =
      size < 90 * minuteMs
        ? [ms / minuteMs, "minute"]
        : size < 36 * hourMs
          ? [ms / hourMs, "hour"]
          : size < 60 * dayMs
            ? [ms / dayMs, "day"]
            : [ms / (30.44 * dayMs), "month"];
    return this.#relative.format(Math.round(value), unit);
  }

  /** `Nov 26, 2026, 14:05` */
  dateTime(at: number): string {
    return this.#date(at, { dateStyle: "medium", timeStyle: "short" });
  }

  /** `Nov 26, 2026` */
  date(at: number): string {
    return this.#date(at, { dateStyle: "medium" });
  }

  /** `Nov 26` */
  day(at: number): string {
    return this.#date(at, { month: "short", day: "numeric" });
  }

  /** `14:05:33` */
  time(at: number): string {
    return this.#date(at, { timeStyle: "medium" });
  }

  /** `2026-11-26 13:05:33 UTC`, the same in every language. */
  utc(at: number): string {
    return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  }

  #date(at: number, options: Intl.DateTimeFormatOptions): string {
    const key = JSON.stringify(options);
    let format = this.#dates.get(key);
    if (format === undefined) {
      format = new Intl.DateTimeFormat(this.#locale === "en" ? "en-GB" : this.#locale, {
        ...options,
        hourCycle: "h23",
      });
      this.#dates.set(key, format);
    }
    return format.format(at);
  }

  #pair(large: DurationUnit, value: number, small: DurationUnit, perLarge: number): string {
    const whole = Math.floor(value);
    const rest = Math.floor((value - whole) * perLarge + 1e-6);
    return rest === 0 ? this.#unit(large, whole) : `${this.#unit(large, whole)} ${this.#unit(small, rest)}`;
  }

  #unit(unit: DurationUnit, value: number): string {
    let format = this.#units.get(unit);
    if (format === undefined) {
      const style = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 } as const;
      format = new Intl.NumberFormat(this.#locale, style);
      this.#units.set(unit, format);
    }
    return format.format(value);
  }
}
