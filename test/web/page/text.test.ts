import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { english } from "../../../src/web/page/text/english.ts";
import { Formats } from "../../../src/web/page/text/format.ts";
import { pluralizeIn } from "../../../src/web/page/text/plural.ts";
import { russian } from "../../../src/web/page/text/russian.ts";
import { runKinds } from "../../../src/history/run.ts";

const en = new Formats("en");
const ru = new Formats("ru");
/** Intl sets narrow and wide spaces that break no line. */
const plain = (text: string): string => text.replaceAll(/[\u00a0\u202f]/g, " ");

describe("formats", () => {
  test.each([
    [0, "0 B", "0 Б"],
    [1023, "1,023 B", "1 023 Б"],
    [1024, "1.0 KiB", "1,0 КиБ"],
    [1.5 * 1024 ** 3, "1.5 GiB", "1,5 ГиБ"],
    [-2 * 1024 ** 2, "−2.0 MiB", "−2,0 МиБ"],
    [1024 ** 6, "1,024.0 PiB", "1 024,0 ПиБ"],
  ])("%d bytes", (bytes, english_, russian_) => {
    expect(plain(en.bytes(bytes))).toBe(english_);
    expect(plain(ru.bytes(bytes))).toBe(plain(russian_));
  });

  test.each([
    [0, "0.1 sec", "0,1 с"],
    [2_340, "2.3 sec", "2,3 с"],
    [59_700, "1 min", "1 мин"],
    [192_000, "3 min 12 sec", "3 мин 12 с"],
    [3_600_000, "1 hr", "1 ч"],
    [26 * 3_600_000, "26 hr", "26 ч"],
    [54 * 3_600_000, "2 days 6 hr", "2 дн. 6 ч"],
  ])("a duration of %d ms", (ms, english_, russian_) => {
    expect(plain(en.duration(ms))).toBe(english_);
    expect(plain(ru.duration(ms))).toBe(russian_);
  });

  test.each([
    [-59_000, "just now"],
    [10_000, "just now"],
    [-74_000, "1 minute ago"],
    [50_000, "in 1 minute"],
    [-6 * 3_600_000, "6 hours ago"],
    [-30 * 3_600_000, "30 hours ago"],
    [3 * 86_400_000, "in 3 days"],
    [-100 * 86_400_000, "3 months ago"],
  ])("%d ms from now", (ms, english_) => {
    expect(en.relative(1e12 + ms, 1e12)).toBe(english_);
  });

  test("UTC is the same in every language, and a share is never rounded up to all", () => {
    const at = Date.parse("2026-11-26T09:30:05Z");
    expect([en.utc(at), ru.utc(at)]).toEqual(["2026-11-26 09:30:05 UTC", "2026-11-26 09:30:05 UTC"]);
    expect(en.percent(0.999)).toBe("99%");
  });
});

describe("plural forms", () => {
  const count = pluralizeIn("ru");
  const forms = { one: "# архив", few: "# архива", many: "# архивов", other: "# архива" };
  test.each([
    [1, "1 архив"],
    [2, "2 архива"],
    [5, "5 архивов"],
    [11, "11 архивов"],
    [21, "21 архив"],
    [104, "104 архива"],
    [0, "0 архивов"],
  ])("of %d", (number, text) => {
    expect(plain(count(number, forms))).toBe(text);
  });
});

/** Every text of a dictionary with its place; functions are called. */
function textsOf(words: unknown, place = ""): [place: string, text: string][] {
  if (typeof words === "string") return [[place, words]];
  if (typeof words === "function") {
    const said: unknown = (words as (...args: unknown[]) => unknown)(
      ...(place.endsWith("Count") ? ["2", "3"] : [2, "x", "y"]),
    );
    return [[place, String(said)]];
  }
  return Object.entries(words as object).flatMap(([name, inside]) => textsOf(inside, `${place}.${name}`));
}

describe("dictionaries", () => {
  const [englishTexts, russianTexts] = [textsOf(english), textsOf(russian)];

  test("say the same things", () => {
    // The server speaks English itself.
    const placesOf = (texts: typeof englishTexts): string[] =>
      texts.map(([place]) => place).filter((place) => !place.startsWith(".common.failures."));
    expect(placesOf(russianTexts)).toEqual(placesOf(englishTexts));
    expect(englishTexts.length).toBeGreaterThan(350);
  });

  test("Russian is Russian, but for names", () => {
    const names =
      /product|server$|postgis$|checkNames.pg-dump|channelKinds.webhook|levels.message|overview.host|nowStage/;
    const latin = russianTexts.filter(([place, text]) => !/[а-яё]/i.test(text) && !names.test(place));
    expect(latin).toEqual([]);
  });

  test("English has no Russian in it, and nothing is empty but the level of a plain line", () => {
    expect(englishTexts.filter(([, text]) => /[а-яё]/i.test(text))).toEqual([]);
    const empty = englishTexts.filter(([, text]) => text.trim() === "").map(([place]) => place);
    expect(empty).toEqual([".runs.levels.message"]);
  });

  test("what the server answers by itself has Russian words", async () => {
    const folder = join(import.meta.dirname, "../../../src/web");
    const codes = new Set<string>();
    for (const name of await readdir(folder, { recursive: true })) {
      if (!name.endsWith(".ts")) continue;
      const source = await readFile(join(folder, name), "utf8");
      for (const [, code] of source.matchAll(/new WebError\(\s*\d+,\s*"([a-z-]+)"/g)) codes.add(code!);
    }
    // Those that the sign-in has words of its own for, and those that only a program meets.
    for (const code of ["wrong-password", "locked-out", "no-users", "range", "gone"])
      expect(codes.delete(code), code).toBe(true);
    expect(codes.size).toBeGreaterThan(8);
    expect([...codes].filter((code) => russian.common.failures[code] === undefined)).toEqual([]);
  });

  test("every kind of run has a name", () => {
    for (const kind of runKinds) expect(english.common.kinds[kind]).toBeTruthy();
  });
});
