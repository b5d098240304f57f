import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { durationType, showDuration } from "../../src/config/durations.ts";
import {
  booleanType,
  choiceType,
  commandType,
  integerType,
  listType,
  pathType,
  sizeType,
  type ValueType,
} from "../../src/config/value-types.ts";

const day = 86_400_000;
const GiB = 1024 ** 3;

const cases: [string, ValueType<unknown>, [text: string, value: unknown][]][] = [
  [
    "duration, in milliseconds",
    durationType,
    [
      ["0", 0],
      ["30", 30_000],
      ["5m", 300_000],
      ["2H", 7_200_000],
      ["7d", 7 * day],
      [" 7 d", 7 * day],
      ["1_000", 1_000_000],
      ["+1", 1000],
      ["-1", undefined],
      ["5s", undefined],
      ["1.5h", undefined],
      ["d", undefined],
      ["1d2h", undefined],
      ["99999999999999d", undefined],
    ],
  ],
  [
    "size, in bytes",
    sizeType,
    [
      ["0", 0],
      ["10", 10],
      ["10B", 10],
      ["1K", 1024],
      ["2 gb", 2 * GiB],
      ["3T", 3 * 1024 * GiB],
      ["50MiB", 50 * 1024 ** 2],
      ["1 kib", 1024],
      ["1Ki", undefined],
      ["1iB", undefined],
      ["1KB/s", undefined],
      ["1  K", undefined],
      ["-1", undefined],
      ["1.5G", undefined],
      ["G", undefined],
      ["99999999999999T", undefined],
    ],
  ],
  [
    "boolean",
    booleanType,
    [
      ["true", true],
      ["YES", true],
      ["1", true],
      ["False", false],
      ["no", false],
      ["0", false],
      ["on", undefined],
      ["", undefined],
    ],
  ],
  [
    "integer",
    integerType(1, 64),
    [
      ["1", 1],
      ["64", 64],
      [" 07 ", 7],
      ["6_4", 64],
      ["0", undefined],
      ["65", undefined],
      ["1.0", undefined],
      ["0x10", undefined],
      ["1__0", undefined],
      ["99999999999999999999", undefined],
    ],
  ],
  [
    "list",
    listType(integerType(0, 9)),
    [
      ["1", [1]],
      ["1, 2 ,\n3", [1, 2, 3]],
      ["1,,2", undefined],
      ["1,x", undefined],
    ],
  ],
  [
    "choice",
    choiceType("zstd", "none"),
    [
      ["zstd", "zstd"],
      ["ZSTD", undefined],
      ["", undefined],
    ],
  ],
  [
    "path",
    pathType,
    [
      ["/a b/c", "/a b/c"],
      ["a\nb", undefined],
      ["", undefined],
      ["a\0", undefined],
    ],
  ],
  [
    "command",
    commandType,
    [
      ["nextgisweb", ["nextgisweb"]],
      [" docker  exec\nngw\tnextgisweb ", ["docker", "exec", "ngw", "nextgisweb"]],
      ['"/opt/my ngw/bin/nextgisweb" -v', ["/opt/my ngw/bin/nextgisweb", "-v"]],
      [`sh -c 'a "b" $c' x"y z"''`, ["sh", "-c", 'a "b" $c', "xy z"]],
      [`a ''`, ["a", ""]],
      ['"open', undefined],
      ["it's", undefined],
      [`''`, undefined],
      [" ", undefined],
    ],
  ],
];

describe.each(cases)("%s", (_, type, texts) => {
  it.each(texts)("%j", (text, value) => {
    expect(type.parse(text)).toEqual(value);
  });
});

it("reads back a duration that it shows", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000_000 }), (seconds) => {
      expect(durationType.parse(showDuration(seconds * 1000))).toBe(seconds * 1000);
    }),
  );
  expect([0, 90_000, 3_600_000, 7 * day].map(showDuration)).toEqual(["0", "90", "1h", "7d"]);
});
