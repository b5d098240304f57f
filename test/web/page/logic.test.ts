import { describe, expect, test } from "vitest";
import { momentsBetween, scaleOf, ticksUpTo } from "../../../src/web/page/charts/scale.ts";
import { choiceOf, chooseRows, isUsable, newestUsable } from "../../../src/web/page/pages/archives/choose-rows.ts";
import { tagsIn } from "../../../src/web/page/pages/archives/tags.ts";
import { judge } from "../../../src/web/page/pages/overview/judgement.ts";
import { routeOf } from "../../../src/web/page/router/routes.ts";
import { english } from "../../../src/web/page/text/english.ts";
import { Formats } from "../../../src/web/page/text/format.ts";
import { archives } from "./samples/archives.ts";
import { overviewEmpty, overviewTrouble, overviewWell } from "./samples/overview.ts";

const formats = new Formats("en");
const rows = archives.archives;

describe("what the overview says", () => {
  test("nothing when all is well", () => {
    expect(judge(overviewWell, english, formats)).toEqual([]);
  });

  test("what is due first, each once, with what to do", () => {
    const said = judge(overviewTrouble, english, formats);
    expect(said.map(({ sentence }) => sentence)).toEqual([
      "The last backup is 2 days 6 hr old, which is more than 26 hr",
      "The last verify, 4 hours ago, found damage",
      "No drill was done yet",
      "The disk is full on 5 Dec 2026 at this growth",
    ]);
    expect(said.map(({ remedy }) => remedy)).toEqual([
      { do: "backup" },
      { do: "open", what: "run", id: 371 },
      { do: "drill" },
      { do: "open", what: "archives" },
    ]);
  });

  test("nothing can be verified where nothing is", () => {
    const said = judge(overviewEmpty, english, formats);
    expect(said.map(({ check, remedy }) => [check, remedy?.do])).toEqual([
      ["backup", "backup"],
      ["verify", undefined],
      ["drill", undefined],
      ["next", undefined],
    ]);
  });

  test("a backup that is gone, and one with losses", () => {
    const fail = [{ level: "fail" as const, check: "backup", message: "" }];
    const lastBackup = overviewWell.lastBackup!;
    const gone = judge(
      { ...overviewWell, findings: fail, lastBackup: { ...lastBackup, isGone: true } },
      english,
      formats,
    );
    expect(gone[0]?.sentence).toBe("The last backup, made 6 hours ago, is not there any more");
    const lossy = judge(
      { ...overviewWell, findings: fail, lastBackup: { ...lastBackup, losses: 2 } },
      english,
      formats,
    );
    expect(lossy[0]?.sentence).toBe("The last backup is complete but for 2 losses");
    expect(lossy[0]?.remedy).toEqual({ do: "open", what: "archive", id: "a0" });
  });

  test("a finding without words of ours is told as the server tells it, with its hint", () => {
    const findings = [{ level: "warn" as const, check: "moon", message: "the moon is full", hint: "wait" }];
    const [said] = judge({ ...overviewWell, findings }, english, formats);
    expect([said?.sentence, said?.hint]).toEqual(["The moon is full", "wait"]);
  });
});

describe("the list of archives", () => {
  const choose = (query: string) => chooseRows(rows, choiceOf(new URLSearchParams(query))).map(({ id }) => id);

  test("is sorted newest first, or as is wished", () => {
    expect(choose("").slice(0, 3)).toEqual(["a0", "a1", "a2"]);
    expect(choose("sort=time")[0]).toBe("a120");
    expect(choose("sort=size")[0]).toBe("a1");
    expect(choose("sort=-state")[0]).toBe("a9");
    expect(choose("sort=name")[0]).toBe("a120");
    expect(choose("sort=-verified")[0]).toBe("a0");
    expect(choose("sort=nonsense")[0]).toBe("a0");
  });

  test("is filtered by place, state, and names, tags and instances", () => {
    expect(choose("place=p2")).toEqual(["a18", "a34"]);
    expect(choose("state=damaged")).toEqual(["a9"]);
    expect(choose("q=BEFORE-")).toEqual(["a1"]);
    expect(choose("q=example.org&state=losses")).toEqual(["a2"]);
    expect(choose("q=nothing")).toEqual([]);
  });

  test("knows which can be restored", () => {
    expect(rows.filter(isUsable).map(({ id }) => id)).toEqual(["a0", "a1", "a2", "a4", "a34", "a120"]);
    expect(newestUsable(rows)?.id).toBe("a0");
    expect(newestUsable(rows.map((row) => ({ ...row, isOurs: false })))).toBeUndefined();
  });
});

test("tags are split at spaces, each once; commas and too many are refused", () => {
  expect(tagsIn("  before  update before ")).toEqual(["before", "update"]);
  expect(tagsIn("")).toEqual([]);
  expect(tagsIn("a,b")).toBeUndefined();
  expect(tagsIn(Array.from({ length: 21 }, (_, index) => `t${index}`).join(" "))).toBeUndefined();
  expect(tagsIn("x".repeat(101))).toBeUndefined();
});

test.each([
  ["", { page: "overview" }],
  ["archives", { page: "archives" }],
  ["archives/a%2Fb", { page: "archive", id: "a/b" }],
  ["archives/%E0%A4%A", { page: "archive", id: "%E0%A4%A" }],
  ["runs/12", { page: "run", id: 12 }],
  ["runs/twelve", { page: "unknown" }],
  ["settings", { page: "settings", part: "options" }],
  ["settings/tokens", { page: "settings", part: "tokens" }],
  ["settings/else", { page: "unknown" }],
  ["runs/1/2", { page: "unknown" }],
  ["else", { page: "unknown" }],
])("path %j leads to its page", (path, route) => {
  expect(routeOf(path)).toEqual(route);
});

describe("axes", () => {
  test("have round values up to the largest", () => {
    expect(ticksUpTo(1.8 * 1024 ** 3, 1024)).toEqual([0, 512, 1024, 1536, 2048].map((mib) => mib * 1024 ** 2));
    expect(ticksUpTo(170, 60)).toEqual([0, 60, 120, 180]);
    expect(ticksUpTo(0, 60)).toEqual([0]);
    expect(ticksUpTo(Number.NaN, 60)).toEqual([0]);
  });

  test("have moments evenly apart, and places by scale", () => {
    expect(momentsBetween(0, 100, 3)).toEqual([0, 50, 100]);
    expect(momentsBetween(5, 5, 3)).toEqual([5]);
    expect(scaleOf(0, 10, 100, 0)(2)).toBe(80);
    expect(scaleOf(3, 3, 0, 100)(3)).toBe(0);
  });
});
