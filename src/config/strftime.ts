import { dayOfYear, isoWeek, weekOfYear } from "./calendar-weeks.ts";

const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  ["January", "February", "March", "April", "May", "June"],
  ["July", "August", "September", "October", "November", "December"],
].flat();

/** A width beyond this is taken for this. */
const maxWidth = 1000;

/** `%`, flags, width, modifier and directive; the directive is missing at the end of the text. */
const specification = /%([-_0^#]*)(\d*)([EO]?)([\s\S]?)/g;

interface NumberField {
  readonly value: number;
  readonly digits: number;
  /** Padded with spaces unless a flag says otherwise. */
  readonly spaces?: true;
}
interface TextField {
  readonly text: string;
  /** What the flag `#` does to the text. */
  readonly swapped?: "upper" | "lower";
  /** Stays in lower case whatever the flags. */
  readonly lower?: true;
}
/** Made of other directives. */
interface CompositeField {
  readonly format: string;
}

/**
 * Python's `datetime.strftime` in UTC and the C locale, as CPython 3.8 to 3.12 and glibc give it: every directive, the
 * flags `-`, `_`, `0`, `^`, `#`, a width, and the modifiers `E` and `O`. What is no directive is printed as it is.
 * @param date in milliseconds; `%f` ends in three zeros
 */
export function strftime(format: string, date: Date): string {
  // Python puts these three in before it hands the format to the C library, whatever stands before their `%`.
  const prepared = format.replaceAll(/%([\s\S])/g, (pair, directive: string) => {
    if (directive === "f") return pad(date.getUTCMilliseconds() * 1000, 6);
    if (directive === "z") return "+0000";
    return directive === "Z" ? "UTC" : pair;
  });
  return expand(prepared, date, false);
}

function expand(format: string, date: Date, upper: boolean): string {
  return format.replace(
    specification,
    (whole: string, flags: string, width: string, modifier: string, directive: string) => {
      // Python tells the C library no zone, so that with a flag, width or modifier nothing is known: %z is nothing at all
      // then, and %Z an empty text.
      if (directive === "z") return "";
      const padding = /[-_0](?=[\^#]*$)/.exec(flags)?.[0];
      const widthCharacters = Math.min(Number(width), maxWidth);
      const wantsUpper = upper || flags.includes("^");
      const field = isRefused(modifier, directive) ? undefined : fieldOf(directive, date);

      if (field !== undefined && "value" in field) return formatNumber(field, padding, widthCharacters);
      let text: string;
      // A name of a month that is refused for its modifier is still put into upper case.
      if (field === undefined) text = wantsUpper || swapsRefused(flags, directive) ? asciiUpper(whole) : whole;
      else if ("format" in field) text = expand(field.format, date, wantsUpper);
      else text = formatText(field, flags.includes("#"), wantsUpper);
      return text.padStart(widthCharacters, padding === "0" ? "0" : " ");
    },
  );
}

/** Directives that the C library does not take with a modifier. */
function isRefused(modifier: string, directive: string): boolean {
  if (modifier === "E") return "ABDFGHIMSUVWabdeghjklmw".includes(directive);
  return modifier === "O" && "ADFXYacx".includes(directive);
}

function swapsRefused(flags: string, directive: string): boolean {
  return flags.includes("#") && "bh".includes(directive) && directive !== "";
}

function formatNumber({ value, digits, spaces }: NumberField, padding: string | undefined, width: number): string {
  if (padding === "-") return String(value).padStart(width);
  const zeros = padding === undefined ? spaces !== true : padding === "0";
  return String(value).padStart(Math.max(digits, width), zeros ? "0" : " ");
}

function formatText({ text, swapped, lower }: TextField, swaps: boolean, upper: boolean): string {
  if (lower === true || (swaps && swapped === "lower")) return text.toLowerCase();
  return upper || (swaps && swapped === "upper") ? text.toUpperCase() : text;
}

function fieldOf(directive: string, date: Date): NumberField | TextField | CompositeField | undefined {
  const year = date.getUTCFullYear();
  const hour = date.getUTCHours();
  const hour12 = hour % 12 === 0 ? 12 : hour % 12;
  switch (directive) {
    case "%":
      return { text: "%" };
    case "n":
      return { text: "\n" };
    case "t":
      return { text: "\t" };
    case "Z":
      return { text: "" };
    case "a":
      return { text: weekdays[date.getUTCDay()]!.slice(0, 3), swapped: "upper" };
    case "A":
      return { text: weekdays[date.getUTCDay()]!, swapped: "upper" };
    case "b":
    case "h":
      return { text: months[date.getUTCMonth()]!.slice(0, 3), swapped: "upper" };
    case "B":
      return { text: months[date.getUTCMonth()]!, swapped: "upper" };
    case "p":
      return { text: hour < 12 ? "AM" : "PM", swapped: "lower" };
    case "P":
      return { text: hour < 12 ? "AM" : "PM", lower: true };
    case "c":
      return { format: "%a %b %e %H:%M:%S %Y" };
    case "D":
    case "x":
      return { format: "%m/%d/%y" };
    case "F":
      return { format: "%Y-%m-%d" };
    case "r":
      return { format: "%I:%M:%S %p" };
    case "R":
      return { format: "%H:%M" };
    case "T":
    case "X":
      return { format: "%H:%M:%S" };
    case "C":
      return { value: Math.floor(year / 100), digits: 2 };
    case "y":
      return { value: year % 100, digits: 2 };
    case "Y":
      return { value: year, digits: 1 };
    case "g":
      return { value: isoWeek(date).year % 100, digits: 2 };
    case "G":
      return { value: isoWeek(date).year, digits: 1 };
    case "m":
      return { value: date.getUTCMonth() + 1, digits: 2 };
    case "d":
      return { value: date.getUTCDate(), digits: 2 };
    case "e":
      return { value: date.getUTCDate(), digits: 2, spaces: true };
    case "j":
      return { value: dayOfYear(date), digits: 3 };
    case "H":
      return { value: hour, digits: 2 };
    case "I":
      return { value: hour12, digits: 2 };
    case "k":
      return { value: hour, digits: 2, spaces: true };
    case "l":
      return { value: hour12, digits: 2, spaces: true };
    case "M":
      return { value: date.getUTCMinutes(), digits: 2 };
    case "S":
      return { value: date.getUTCSeconds(), digits: 2 };
    case "s":
      return { text: String(Math.floor(date.getTime() / 1000)) };
    case "u":
      return { value: date.getUTCDay() === 0 ? 7 : date.getUTCDay(), digits: 1 };
    case "w":
      return { value: date.getUTCDay(), digits: 1 };
    case "U":
      return { value: weekOfYear(date, 0), digits: 2 };
    case "V":
      return { value: isoWeek(date).week, digits: 2 };
    case "W":
      return { value: weekOfYear(date, 1), digits: 2 };
    default:
      return undefined;
  }
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}

function asciiUpper(text: string): string {
  return text.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase());
}
