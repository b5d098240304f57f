const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

const words: Readonly<Record<string, string>> = {
  hourly: "0 * * * *",
  daily: "0 0 * * *",
  weekly: "0 0 * * 1",
  monthly: "0 0 1 * *",
  yearly: "0 0 1 1 *",
};

/**
 * A moment of systemd's OnCalendar as cron's five fields: `daily` and its like, `[WEEKDAYS] [*-*-DAYS] HH:MM[:SS]`, where days are
 * one, several, or a span.
 * @returns undefined for one that cron has no words for
 */
export function cronFields(calendar: string): string | undefined {
  const word = words[calendar.trim().toLowerCase()];
  if (word !== undefined) return word;
  const pattern =
    /^(?:([A-Za-z]{3,}(?:(?:,|\.\.|-)[A-Za-z]{3,})*) +)?(?:\*-\*-([0-9*,.]+) +)?([0-9,*]+):([0-9,*/]+)(?::[0-9]+)?$/;
  const match = pattern.exec(calendar.trim());
  if (match === null) return undefined;
  const [, weekdays = "", monthDays = "*", hours = "", minutes = ""] = match;
  const weekday = cronWeekdays(weekdays);
  const day = cronNumbers(monthDays, 1, 31);
  const hour = cronNumbers(hours, 0, 23);
  const minute = cronNumbers(minutes.replace(/^0+\//, "*/"), 0, 59);
  // With both of them cron takes either, systemd both.
  if (weekday !== "*" && day !== "*") return undefined;
  const fields = [minute, hour, day, "*", weekday];
  return fields.includes(undefined) ? undefined : fields.join(" ");
}

function cronWeekdays(text: string): string | undefined {
  if (text === "") return "*";
  const parts = text.split(",").map((part) => {
    const numbers = part.split(/\.\.|-/).map((name) => days.findIndex((day) => isDay(day, name)));
    return numbers.includes(-1) || numbers.length > 2 ? undefined : numbers.join("-");
  });
  if (parts.includes(undefined)) return undefined;
  // A span that ends on Sunday: 7 is one, too.
  return parts.map((part) => part?.replace(/-0$/, "-7")).join(",");
}

function isDay(day: string, name: string): boolean {
  const full = {
    Sun: "sunday",
    Mon: "monday",
    Tue: "tuesday",
    Wed: "wednesday",
    Thu: "thursday",
    Fri: "friday",
    Sat: "saturday",
  };
  const lower = name.toLowerCase();
  return lower === day.toLowerCase() || lower === full[day as keyof typeof full];
}

function cronNumbers(text: string, min: number, max: number): string | undefined {
  if (text === "*" || /^\*\/\d{1,2}$/.test(text)) return text;
  const parts = text.split(",").map((part) => {
    const numbers = part.split("..").map((digits) => (/^\d{1,2}$/.test(digits) ? Number(digits) : Number.NaN));
    const isFit = numbers.length <= 2 && numbers.every((number) => number >= min && number <= max);
    return isFit ? numbers.join("-") : undefined;
  });
  return parts.includes(undefined) ? undefined : parts.join(",");
}
