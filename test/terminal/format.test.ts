import fc from "fast-check";
import { expect, test } from "vitest";
import { formatBytes, formatCount, formatDuration, formatTime } from "../../src/terminal/format.ts";
import { printable } from "../../src/terminal/printable.ts";
import { formatTable } from "../../src/terminal/table.ts";

test.for([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [1536, "1.5 KiB"],
  [1024 ** 2 - 1, "1.0 MiB"],
  [1024 ** 2, "1.0 MiB"],
  [1024 ** 3 * 2.6, "2.6 GiB"],
  [1024 ** 4, "1024.0 GiB"],
] as const)("%d bytes are %s", ([sizeBytes, text]) => {
  expect(formatBytes(sizeBytes)).toBe(text);
});

test.for([
  [0, "0.0 s"],
  [440, "0.4 s"],
  [9_949, "9.9 s"],
  [9_951, "10 s"],
  [59_400, "59 s"],
  [59_600, "1 min 00 s"],
  [200_000, "3 min 20 s"],
  [7_500_000, "2 h 05 min"],
  [273_600_000, "3 d 4 h"],
] as const)("%d milliseconds are %s", ([durationMs, text]) => {
  expect(formatDuration(durationMs)).toBe(text);
});

test("moments are in UTC, numbers in groups", () => {
  expect(formatTime(new Date("2020-07-21T23:46:19.999Z"))).toBe("2020-07-21 23:46:19 UTC");
  expect(formatCount(3_000_000)).toBe("3,000,000");
});

test("text that is printed holds no character that controls or turns, whatever it was made of", () => {
  expect(printable("a\u001b[2Jb\r\nc\u0085")).toBe("a\\x1b[2Jb\\x0d\\nc\\x85");
  expect(printable("a\u202egpj\u200f\u061c.exe")).toBe("a\\u202egpj\\u200f\\u061c.exe");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(printable(text)).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    }),
  );
});

test("a table has a line a row, columns aligned, and no row breaks it", () => {
  const columns = [{ title: "time" }, { title: "size", align: "right" as const }, { title: "name" }];
  expect(
    formatTable(columns, [
      ["now", "1.0 KiB", "a"],
      ["yesterday", "12 B", "b\nc"],
    ]),
  ).toBe("time          size  name\nnow        1.0 KiB  a\nyesterday     12 B  b\\nc\n");
});
