import { expect, onTestFinished, test } from "vitest";
import { addressBlock } from "../../src/web/accounts/client-address.ts";
import { SignInLimits } from "../../src/web/accounts/sign-in-limits.ts";
import { openWebDatabase } from "../../src/web/accounts/web-database.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const second = 1000;
const hour = 3600 * second;
/** Far from zero, as real moments are. */
const start = Date.UTC(2026, 6, 21);

test("the wait of an address doubles with each failure after the fifth, up to an hour, and is forgotten in a day", async () => {
  const limits = await open();
  let now = start;
  const waits: number[] = [];
  for (let failures = 0; failures < 15; failures += 1) {
    now += limits.waitMs("admin", "203.0.113.9", now);
    limits.count("admin", "203.0.113.9", now);
    waits.push(limits.waitMs("admin", "203.0.113.9", now) / second);
  }
  expect(waits).toEqual([0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]);
  // Whoever it tries to be.
  expect(limits.waitMs("vera", "203.0.113.9", now)).toBe(hour);
  expect(limits.waitMs("vera", "203.0.113.10", now)).toBe(0);
  expect(limits.waitMs("admin", "203.0.113.9", now + 24 * hour)).toBe(0);
});

test("a user who is guessed at from many addresses is slowed down for strangers, by a minute at most", async () => {
  const limits = await open();
  limits.forgive("admin", "198.51.100.1", start);
  for (let host = 0; host < 40; host += 1) limits.count("admin", `203.0.113.${host}`, start);
  expect(limits.waitMs("admin", "192.0.2.1", start)).toBe(60 * second);
  expect(limits.waitMs("vera", "192.0.2.1", start)).toBe(0);
  // Where the user has been before, and on this machine, strangers do not count.
  expect(limits.waitMs("admin", "198.51.100.1", start)).toBe(0);
  expect(limits.waitMs("admin", "127.0.0.1", start)).toBe(0);
  expect(limits.waitMs("admin", "::1", start)).toBe(0);
  // For three months.
  for (let host = 0; host < 40; host += 1) limits.count("admin", `203.0.113.${host}`, start + 91 * 24 * hour);
  expect(limits.waitMs("admin", "198.51.100.1", start + 91 * 24 * hour)).toBe(60 * second);
});

test("a good sign-in forgives what that user failed there, not what the address failed as others", async () => {
  const limits = await open();
  for (let failures = 0; failures < 4; failures += 1) limits.count("vera", "203.0.113.9", start);
  for (let failures = 0; failures < 5; failures += 1) limits.count("admin", "203.0.113.9", start);
  limits.forgive("vera", "203.0.113.9", start);
  expect(limits.waitMs("admin", "203.0.113.9", start)).toBe(30 * second);
  limits.forgive("admin", "203.0.113.9", start);
  expect(limits.waitMs("admin", "203.0.113.9", start)).toBe(0);
});

test("a clock that was set back locks nobody for longer", async () => {
  const limits = await open();
  for (let failures = 0; failures < 5; failures += 1) limits.count("admin", "203.0.113.9", start);
  expect(limits.waitMs("admin", "203.0.113.9", start - 1000 * hour)).toBe(30 * second);
});

test.for<[address: string, block: string]>([
  ["203.0.113.9", "203.0.113.9"],
  ["::ffff:203.0.113.9", "203.0.113.9"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::9", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["64:ff9b::203.0.113.9", "64:ff9b:0:0::/64"],
  ["local", "local"],
  // A program of this machine can come from any of these, and so begin anew each time.
  ["127.0.0.1", "loopback"],
  ["127.4.5.6", "loopback"],
  ["::ffff:127.0.0.2", "loopback"],
  ["::1", "loopback"],
])("%s counts as %s", ([address, block]) => expect(addressBlock(address)).toBe(block));

async function open(): Promise<SignInLimits> {
  const folder = await tempFolder();
  const state = { path: `${folder}/state`, isNamed: true };
  const database = await openWebDatabase({ state }, false);
  onTestFinished(() => database.close());
  const add = database.prepare("INSERT INTO user (name, role, password, changed_at) VALUES (?, 'operator', '', 0)");
  for (const name of ["admin", "vera"]) add.run(name);
  return new SignInLimits(database);
}
