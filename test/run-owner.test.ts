import { expect, test } from "vitest";
import { runWithFailingCall } from "./fixtures/failing-calls/run-script.ts";

const stat = { call: { kind: "read whole", place: "/proc/*/stat" }, fault: "EMFILE" } as const;

test("a process that cannot be looked at is not taken for a dead one", async () => {
  const printed = await runWithFailingCall(
    `import { describeOwner, isOwnerAlive } from "SRC/run-owner.ts";
     const owner = await describeOwner(process.pid);
     console.log(await isOwnerAlive(owner), await isOwnerAlive({ ...owner, startTicks: "1" }));`,
    {},
    { ...stat, nth: 2 },
  );
  expect(printed).toBe("true false\n");
});

test("a process that cannot be looked at is not described: later it would be taken for a dead one", async () => {
  const printed = await runWithFailingCall(
    `import { describeOwner } from "SRC/run-owner.ts";
     console.log(await describeOwner(process.pid).catch((error) => error.message.replace(/\\d+/, "PID")));`,
    {},
    { ...stat, nth: 1 },
  );
  expect(printed).toBe("EMFILE: too many open files, read '/proc/PID/stat'\n");
});
