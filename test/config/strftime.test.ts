import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { strftime } from "../../src/config/strftime.ts";
import { askPython, hasPython } from "./python-oracle.ts";

interface Case {
  format: string;
  timeMs: number;
}

const reference = `
import datetime

start = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)

def answer(case):
    return (start + datetime.timedelta(milliseconds=case["timeMs"])).strftime(case["format"])
`;

// Releases of Python differ below the year 1000 (zeros before %Y), and in %:z.
const date = fc
  .date({ min: new Date("1000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true })
  .map((time) => time.getTime());

/** Where weeks, years and halves of the day begin and end. */
const edgeDates = Array.from({ length: 60 }, (_, index) =>
  [
    "01-01T00:00:00.000Z",
    "01-03T11:59:59.999Z",
    "01-04T12:00:00.001Z",
    "12-28T13:00:00.500Z",
    "12-31T23:59:59.999Z",
  ].map((rest) => Date.parse(`${1990 + index}-${rest}`)),
).flat();

const printable = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index));
const directives = [...printable.filter((character) => character !== ":"), "é", "Я", "€", " ", "\n"];

function compare(cases: readonly Case[], label: string): void {
  const answers = askPython<Case, string>(reference, cases);
  expect(answers.length).toBe(cases.length);
  for (const [index, answer] of answers.entries()) {
    const { format, timeMs } = cases[index]!;
    const ours = strftime(format, new Date(timeMs));
    // Beyond its bound a width differs; a number that %f left after a % is such a one, too.
    if (ours.length >= 900) continue;
    if (ours !== answer) expect(ours, `${label}: ${JSON.stringify(format)} at ${timeMs}`).toBe(answer);
  }
}

describe.skipIf(!hasPython)("strftime beside Python's", () => {
  it("gives the same for every directive on many dates", () => {
    const seed = Date.now();
    const times = [...edgeDates, ...fc.sample(date, { numRuns: 300, seed })];
    const format = directives.map((directive) => `%${directive}`).join("|");
    compare(
      times.map((timeMs) => ({ format, timeMs })),
      `seed ${seed}`,
    );
  });

  it("gives the same with every flag, width and modifier", () => {
    const prefixes = [
      "-",
      "_",
      "0",
      "^",
      "#",
      "E",
      "O",
      "9",
      "-9",
      "_9",
      "09",
      "^9",
      "#9",
      "-E",
      "^#",
      "_-",
      "0_",
      "7E",
      "15O",
    ];
    const times = [Date.parse("2024-03-05T07:08:09.123Z"), Date.parse("2021-01-02T23:00:00Z")];
    compare(
      times.flatMap((timeMs) =>
        prefixes.flatMap((prefix) => directives.map((directive) => ({ format: `%${prefix}${directive}`, timeMs }))),
      ),
      "all",
    );
  });

  it("gives the same for generated formats", () => {
    const seed = Date.now();
    const part = fc.oneof(
      fc
        .tuple(
          fc.string({ unit: fc.constantFrom(..."-_0^#"), maxLength: 3 }),
          fc.constantFrom("", "", "", "1", "2", "5", "12"),
          fc.constantFrom("", "", "", "E", "O"),
          fc.constantFrom(...directives),
        )
        .map((parts) => `%${parts.join("")}`),
      fc.string({
        unit: fc.constantFrom(...printable.filter((character) => character !== ":"), "%", "é"),
        maxLength: 4,
      }),
      fc.constantFrom("%", "%%", "%5", "%-", "%E", "%%f", "%%%f"),
    );
    const format = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(""));
    // Python gives up on a width far beyond the length of the format.
    const cases = fc
      .sample(fc.record({ format, timeMs: date }), { numRuns: 20_000, seed })
      .filter(({ format: text }) => !/\d{3}/.test(text));
    compare(cases, `seed ${seed}`);
  });
});

describe("strftime", () => {
  it("is in UTC whatever the machine's time zone", () => {
    expect(strftime("%Y%m%d-%H%M%S.%f %z %Z", new Date("2020-07-21T23:46:19.042Z"))).toBe(
      "20200721-234619.042000 +0000 UTC",
    );
  });

  it("bounds a width", () => {
    expect(strftime("%999999999d", new Date(0))).toHaveLength(1000);
  });
});
