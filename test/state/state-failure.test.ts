import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { errorAnswer } from "../../src/web/error-answer.ts";

describe("what SQLite meets in the state folder", () => {
  let folder: string;
  let path: string;
  const open: DatabaseSync[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "ngwbackup-test-"));
    path = join(folder, "web.sqlite");
    opened(path).exec("CREATE TABLE audit (line TEXT)");
  });

  afterEach(async () => {
    for (const database of open.splice(0)) database.close();
    await rm(folder, { recursive: true });
  });

  function opened(at: string, options: { readOnly?: boolean } = {}): DatabaseSync {
    const database = new DatabaseSync(at, { timeout: 10, ...options });
    open.push(database);
    return database;
  }

  function answerTo(action: () => unknown): ReturnType<typeof errorAnswer> {
    try {
      action();
    } catch (error) {
      return errorAnswer(error);
    }
    throw new Error("SQLite took it");
  }

  const insert = (database: DatabaseSync): void => database.exec(`INSERT INTO audit VALUES ('${"x".repeat(50_000)}')`);

  test("a full disk is told as one", () => {
    const database = opened(path);
    // SQLite then finds no room, as on a full disk.
    database.exec("PRAGMA max_page_count = 4");
    const { status, body, isOurs } = answerTo(() => insert(database));
    expect({ status, isOurs, code: body.code }).toEqual({ status: 500, isOurs: true, code: "no-space" });
    expect(body.message).toMatch(/^no space left on the disk of the state folder: /);
    expect(body.hints).toEqual([expect.stringContaining("state.path")]);
  });

  test("one that is locked is busy", () => {
    opened(path).exec("BEGIN IMMEDIATE");
    expect(answerTo(() => insert(opened(path))).body.code).toBe("state-busy");
  });

  test("one that may not be written", () => {
    expect(answerTo(() => insert(opened(path, { readOnly: true }))).body.code).toBe("state-read-only");
  });

  test.each([
    ["its header", 0],
    ["a page of it", 4096],
  ])("one that is damaged: %s", async (_, offset) => {
    const damaged = join(folder, "damaged.sqlite");
    const whole = new DatabaseSync(damaged);
    whole.exec("CREATE TABLE audit (line TEXT)");
    insert(whole);
    whole.close();
    const bytes = await readFile(damaged);
    await writeFile(damaged, bytes.fill(0xff, offset, offset + 4096));
    expect(answerTo(() => opened(damaged).prepare("SELECT * FROM audit").all()).body.code).toBe("state-damaged");
  });

  test("a fault of ours in a statement is not told as one of the disk", () => {
    expect(answerTo(() => opened(path).exec("SELECT nothing FROM nowhere")).body.code).toBe("unexpected");
  });
});
