/** A made-up snapshot: its time, RFC 3339 in UTC, and tags. */
export interface MadeUpSnapshot {
  time: string;
  tags: string[];
}

/** What restic decided for one policy. */
export interface RecordedCase {
  flags: string[];
  /** By reason the snapshots that it keeps, by their place in the series. */
  reasons: Record<string, number[]>;
}

/** The cases that were tried on a series. */
export interface RecordedSeries {
  name: string;
  cases: RecordedCase[];
}

const plain = (time: string): MadeUpSnapshot => ({ time, tags: [] });

/** Two days by the hour and more, three weeks by the day, and single ones over years: 29 February, turns of ISO years. */
const calendar: MadeUpSnapshot[] = [
  plain("2014-09-01T10:20:30Z"),
  plain("2015-12-31T23:59:59Z"),
  plain("2016-01-01T00:00:00Z"),
  { time: "2016-02-29T12:00:00Z", tags: ["leap"] },
  plain("2018-12-30T01:00:00Z"),
  plain("2018-12-31T01:00:00Z"),
  plain("2019-01-01T01:00:00Z"),
  { time: "2019-12-29T08:00:00Z", tags: ["year", "release"] },
  { time: "2019-12-30T08:00:00Z", tags: ["release", "year"] },
  plain("2020-01-05T08:00:00Z"),
  plain("2020-02-29T06:00:00Z"),
  plain("2020-03-31T06:00:00Z"),
  plain("2020-12-31T06:00:00Z"),
  plain("2021-01-01T06:00:00Z"),
  plain("2021-01-03T23:59:59Z"),
  plain("2021-01-04T00:00:00Z"),
  ...Array.from({ length: 18 }, (_, day) => plain(`2021-03-${String(day + 10).padStart(2, "0")}T02:15:00Z`)),
  { time: "2021-03-28T00:30:00Z", tags: ["release"] },
  { time: "2021-03-28T01:30:00Z", tags: [] },
  { time: "2021-03-28T02:30:00Z", tags: ["keep"] },
  plain("2021-03-30T21:00:00Z"),
  plain("2021-03-30T21:00:01Z"),
  plain("2021-03-30T21:59:59Z"),
  plain("2021-03-30T22:00:00Z"),
  ...Array.from({ length: 8 }, (_, hour) => plain(`2021-03-31T0${hour}:05:00Z`)),
];

/** Two of them are of a time that has not come yet. */
const future: MadeUpSnapshot[] = [
  plain("2024-01-01T00:00:00Z"),
  plain("2024-01-02T00:00:00Z"),
  plain("2024-01-02T12:00:00Z"),
  plain("2024-01-03T00:00:00Z"),
  plain("2999-01-01T00:00:00Z"),
  { time: "2999-01-01T00:10:00Z", tags: ["keep"] },
];

export const series: { name: string; snapshots: MadeUpSnapshot[] }[] = [
  { name: "calendar", snapshots: calendar },
  { name: "future", snapshots: future },
  { name: "single", snapshots: [plain("2020-05-05T05:05:05Z")] },
];

const kinds = ["last", "hourly", "daily", "weekly", "monthly", "yearly"];
const spans = ["1h", "7d", "14d", "1m", "2m1d", "1y", "1y5m7d2h", "13m", "100d", "6y"];

/** Flags of `restic forget`. */
export const policies: string[][] = [
  ...kinds.flatMap((kind) => [1, 2, 5, 12, 100].map((count) => [`--keep-${kind}`, String(count)])),
  ...spans.map((span) => ["--keep-within", span]),
  ...kinds.slice(1).flatMap((kind) => spans.slice(1, 7).map((span) => [`--keep-within-${kind}`, span])),
  ["--keep-tag", "release"],
  ["--keep-tag", "release,year"],
  ["--keep-tag", "release,year", "--keep-tag", "keep"],
  ["--keep-tag", "no such"],
  ["--keep-last", "2", "--keep-tag", "release"],
  [
    "--keep-last",
    "3",
    "--keep-hourly",
    "4",
    "--keep-daily",
    "7",
    "--keep-weekly",
    "4",
    "--keep-monthly",
    "12",
    "--keep-yearly",
    "10",
  ],
  ["--keep-daily", "7", "--keep-weekly", "5", "--keep-monthly", "12"],
  ["--keep-daily", "3", "--keep-within", "2d", "--keep-within-monthly", "1y"],
  [
    "--keep-within",
    "2d1h",
    "--keep-within-hourly",
    "3d",
    "--keep-within-daily",
    "10d",
    "--keep-within-yearly",
    "20y",
    "--keep-tag",
    "leap",
  ],
  ["--keep-yearly", "3", "--keep-last", "1"],
];
