import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LossList } from "../../../src/operations/rescue/loss-list.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";

test("what psql is given holds nothing that it could take for a command of its own", async () => {
  const folder = await tempFolder();
  const losses = new LossList();
  losses.addStatement("CONSTRAINT a", "ALTER TABLE a ADD CHECK (b > 0)", "violated");
  losses.addStatement("COMMENT c'\\! touch x", "COMMENT ON TABLE a IS 'left open", "syntax error");
  losses.addStatement("FUNCTION f", "SELECT 1 \n\\! touch pwned\n", "syntax error at or near \\\nline 2");
  await losses.writeTo(folder);
  const sql = readFileSync(join(folder, "left-out.sql"), "utf8");
  expect(sql).not.toContain("\\");
  expect(sql).toContain("ALTER TABLE a ADD CHECK (b > 0)\n");
  expect(sql).toContain("-- FUNCTION f: syntax error at or near / line 2\n-- it holds a backslash");
  const lines = readFileSync(join(folder, "left-out.jsonl"), "utf8").trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { sql: string }).sql)).toEqual([
    "ALTER TABLE a ADD CHECK (b > 0)",
    "COMMENT ON TABLE a IS 'left open",
    "SELECT 1 \n\\! touch pwned",
  ]);
  expect(readdirSync(folder).toSorted()).toEqual(["left-out.jsonl", "left-out.sql", "losses.jsonl", "losses.txt"]);
});
